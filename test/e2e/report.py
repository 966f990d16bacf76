"""What the JSON report of fastsnn-run has to hold."""

KEYS = ("top1", "samples", "time_steps", "timing", "epsilon", "certificate",
        "ties", "layers", "totals", "images_per_second")
LAYER_KEYS = ("name", "neurons", "spikes_pos", "spikes_neg", "additions",
              "neuron_additions", "rate", "membrane_bits", "membrane_seen",
              "certificate", "count_mismatch")
CERTIFICATE_KEYS = ("kind", "bound", "fractional_bits", "cases")
COUNTED = ("spikes_pos", "spikes_neg", "additions", "neuron_additions")


def _check_layer(layer, report, found):
    name = layer["name"]
    if layer["spikes_pos"] is not None:
        spikes = layer["spikes_pos"] + layer["spikes_neg"]
        decisions = layer["neurons"] * report["time_steps"] * report["samples"]
        if abs(spikes / decisions - layer["rate"]) > 1e-12:
            found.append(f"layer {name}: rate {layer['rate']}, but {spikes} spikes "
                         f"in {decisions} decisions")
    # Maxima of counts have neither a membrane nor a certificate.
    if layer["certificate"] is not None:
        for key in CERTIFICATE_KEYS:
            if key not in layer["certificate"]:
                found.append(f"layer {name}: certificate without '{key}'")
    elif layer["membrane_bits"] is not None:
        found.append(f"layer {name}: integer neurons without a certificate")
    proved, seen = layer["membrane_bits"], layer["membrane_seen"]
    if None not in (proved, seen) and seen > proved:
        found.append(f"layer {name}: the membrane took {seen} bits, {proved} were "
                     "proved")


def problems(report):
    """What is missing or contradicts itself in the report of a spiking run."""
    found = [f"key '{key}' is missing" for key in KEYS if key not in report]
    if found:
        return found
    for layer in report["layers"]:
        missing = [key for key in LAYER_KEYS if key not in layer]
        if missing:
            found.append(f"layer {layer.get('name')}: no {missing}")
        else:
            _check_layer(layer, report, found)
    totals = report["totals"]
    for key in COUNTED:
        values = [layer.get(key) for layer in report["layers"]]
        if key == "additions":
            values.append(totals.get("readout_additions"))
        known = [v for v in values if v is not None]
        if known and totals.get(key) != sum(known):
            found.append(f"totals: '{key}' is {totals.get(key)}, the layers add up "
                         f"to {sum(known)}")
    return found
