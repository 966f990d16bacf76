# Writes files as C++ string literals:
# -DOUTPUT=... -DROOT=... and -DFILES=path;path;... relative to ROOT.
set(text "// Generated from runtime/cuda.\n")
foreach(file IN LISTS FILES)
  file(READ "${ROOT}/${file}" content)
  string(REGEX REPLACE "^emit/" "" name "${file}")
  string(APPEND text "{\"${name}\", R\"fsnn(${content})fsnn\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "${text}")
