"""
A PyTorch network that no ONNX file can hold: it takes spectra, and how often it looks at a crop depends on the crop.

python torch-network.py write W.pt            weights from a fixed seed
python torch-network.py serve W.pt            through recipes/serve.py
python torch-network.py direct W.pt IN OUT    the features of the crops in IN.npy, one crop at a time
python torch-network.py export W.pt           tries to export it
"""
import io
import os
import sys

import numpy as np
import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../recipes"))


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(2, 6, 5, stride=2)
        self.again = nn.Conv2d(6, 6, 3, padding=1)

    def look(self, crop):
        x = torch.log1p(torch.fft.rfft2(crop[None], norm="ortho").abs())
        x = torch.tanh(self.first(x))
        while x.std() > 0.2:
            x = torch.tanh(self.again(x))
        return torch.cat([x.mean((0, 2, 3)), x.amax((0, 2, 3))])

    def forward(self, crops):
        return torch.stack([self.look(crop) for crop in crops])


def load(weights):
    net = Network()
    net.load_state_dict(torch.load(weights))
    return net.eval()


if __name__ == "__main__":
    what, weights = sys.argv[1:3]
    if what == "write":
        torch.manual_seed(4)
        torch.save(Network().state_dict(), weights)
    elif what == "serve":
        from serve import serve

        serve(load(weights))
    elif what == "direct":
        crops = torch.from_numpy(np.load(sys.argv[3]))
        with torch.inference_mode():
            net = load(weights)
            np.save(sys.argv[4], np.concatenate([net(crop[None]).numpy() for crop in crops]))
    elif what == "export":
        torch.onnx.export(load(weights), torch.zeros(2, 2, 32, 32), io.BytesIO())
