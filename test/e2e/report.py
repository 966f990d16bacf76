"""What the JSON report of fastsnn-run has to hold."""

KEYS = ("top1", "samples", "time_steps", "timing", "epsilon", "certificate",
        "ties", "layers", "totals", "images_per_second")
LAYER_KEYS = ("name", "neurons", "spikes_pos", "spikes_neg", "additions",
              "neuron_additions", "rate", "membrane_bits", "membrane_seen",
              "certificate", "count_mismatch")
CERTIFICATE_KEYS = ("kind", "bound", "fractional_bits", "cases")
COUNTED = ("spikes_pos", "spikes_neg", "additions", "neuron_additions")


def bits_for(low, high):
    """Width of the smallest two's complement integer that holds the range."""
    return max(max(v, ~v).bit_length() + 1 for v in (int(low), int(high)))


def problems(report):
    """What is missing or contradicts itself in the report of a spiking run."""
    found = [f"key '{key}' is missing" for key in KEYS if key not in report]
    if found:
        return found
    samples, steps = report["samples"], report["time_steps"]
    for layer in report["layers"]:
        missing = [key for key in LAYER_KEYS if key not in layer]
        if missing:
            found.append(f"layer {layer.get('name')}: no {missing}")
            continue
        name = layer["name"]
        for key in CERTIFICATE_KEYS:
            if key not in layer["certificate"]:
                found.append(f"layer {name}: certificate without '{key}'")
        spikes = layer["spikes_pos"] + layer["spikes_neg"]
        rate = spikes / (layer["neurons"] * steps * samples)
        if abs(rate - layer["rate"]) > 1e-9 * max(rate, 1e-9) + 1e-12:
            found.append(f"layer {name}: rate {layer['rate']}, {spikes} spikes of "
                         f"{layer['neurons']} neurons in {steps} steps and "
                         f"{samples} samples are {rate}")
        seen = layer["membrane_seen"]
        if seen is not None:
            low, high = seen
            if low > high or bits_for(low, high) > layer["membrane_bits"]:
                found.append(f"layer {name}: the membrane was seen at {low}..{high}"
                             f", {layer['membrane_bits']} bits were proved")
    for key in COUNTED:
        total = sum(layer.get(key, 0) for layer in report["layers"])
        if report["totals"].get(key) != total:
            found.append(f"totals: '{key}' is {report['totals'].get(key)}, the "
                         f"layers add up to {total}")
    return found
