# Writes the target descriptions as C++ string literals: -DOUTPUT=... and
# -DTARGETS=file;file;...
set(text "// Generated from targets/*.json.\n")
foreach(file IN LISTS TARGETS)
  get_filename_component(name "${file}" NAME_WE)
  file(READ "${file}" content)
  string(APPEND text "{\"${name}\", R\"json(${content})json\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "${text}")
