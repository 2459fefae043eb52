"""The designs, three of yeast and one of human cells: organism, channels, input scaling (with the same step in the sidecar),
label, number of steps, the part of the crops whose background is swapped in the twin, and the output that holds the twin's
features where it is not `max`."""


def standardize(x):
    return (x - x.mean((2, 3), keepdim=True)) / (x.std((2, 3), keepdim=True, correction=0) + 1e-6)


def minmax(x):
    low = x.amin((2, 3), keepdim=True)
    return (x - low) / (x.amax((2, 3), keepdim=True) - low).clamp(min=1e-6)


SIDES = {"yeast": 64, "human": 128}  # px

DESIGNS = {
    "pifia": {
        "organism": "yeast",
        "channels": ["GFP"],
        "scale": standardize,
        "preprocess": [{"step": "standardize", "epsilon": 1e-6}],
        "label": "protein",
        "steps": 1200,
        "share": 0.85,
        "objective": "protein identity from GFP (cross-entropy), the design of PIFiA",
        "citation": "Razdaibiedina et al. 2024, Mol Syst Biol 20:521",
    },
    "pci": {
        "organism": "yeast",
        "channels": ["GFP", "RFP"],
        "scale": minmax,
        "preprocess": [{"step": "minmax", "epsilon": 1e-6}],
        "label": None,
        "steps": 2400,
        "share": 1.0,
        "twin_features": "head",
        "objective": "GFP of another cell of the same field from its RFP and this cell's GFP and RFP (squared error), the design of Paired Cell Inpainting",
        "citation": "Lu et al. 2019, PLoS Comput Biol 15:e1007348",
    },
    "deeploc": {
        "organism": "yeast",
        "channels": ["GFP", "RFP"],
        "scale": standardize,
        "preprocess": [{"step": "standardize", "epsilon": 1e-6}],
        "label": "localization",
        "steps": 1200,
        "share": 0.85,
        "objective": "localization out of 15 from GFP and RFP (cross-entropy), the design of DeepLoc",
        "citation": "Kraus et al. 2017, Mol Syst Biol 13:924",
    },
    "human": {
        "organism": "human",
        "channels": ["DNA", "Microtubules", "ER", "Protein"],
        "scale": standardize,
        "preprocess": [{"step": "standardize", "epsilon": 1e-6}],
        "label": "localization",
        "steps": 700,
        "share": 0.85,
        "objective": "localization out of 13 from DNA, microtubules, ER and protein (cross-entropy), the task of the Human Protein Atlas",
        "citation": "Ouyang et al. 2019, Nat Methods 16:1254",
    },
}


def features_of(design, swapped):
    """Name of the output whose values are the features."""
    return design.get("twin_features", "max") if swapped else "max"
