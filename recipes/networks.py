"""Compact networks in three published designs. All share the trunk: 10 million multiplications per crop."""

import torch
import torch.nn as nn
import torch.nn.functional as F

FEATURES = 64


def block(i, o, stride=1):
    return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())


class Trunk(nn.Module):
    """64 x 64 -> 8 x 8 x 64. The last layer adds a learned bias per place before its ReLU, so that a network can tell
    the middle of the crop from its rim: it may ignore neighbors, it need not."""

    def __init__(self, channels):
        super().__init__()
        self.layers = nn.Sequential(
            block(channels, 16, 2), block(16, 24), nn.MaxPool2d(2), block(24, 48), block(48, 64, 2)
        )
        self.conv = nn.Conv2d(64, FEATURES, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(FEATURES)
        self.place = nn.Parameter(torch.zeros(1, FEATURES, 8, 8))

    def forward(self, x):
        return F.relu(self.norm(self.conv(self.layers(x))) + self.place)


def pooled(h):
    return h.amax((2, 3)), h.mean((2, 3))


class Classifier(nn.Module):
    """PIFiA (protein identity from GFP) and DeepLoc (localization from GFP and RFP): trunk, dense layers, classes."""

    def __init__(self, channels, classes):
        super().__init__()
        self.trunk = Trunk(channels)
        self.dense = nn.Sequential(nn.Linear(2 * FEATURES, 128), nn.ReLU(), nn.Dropout(0.2), nn.Linear(128, classes))

    def forward(self, x):
        return self.dense(torch.cat(pooled(self.trunk(x)), 1))

    def export(self, x):
        top, average = pooled(self.trunk(x))
        return top, average, self.dense(torch.cat((top, average), 1))


class PairedInpainting(nn.Module):
    """Paired cell inpainting: GFP and RFP of one cell, RFP of another of the same field -> GFP of that one, at half
    the resolution. What the first cell tells is pooled before it meets the second cell's RFP map."""

    def __init__(self):
        super().__init__()
        self.trunk = Trunk(2)
        self.summary = nn.Sequential(nn.Linear(2 * FEATURES, FEATURES), nn.ReLU())
        self.target = nn.Sequential(block(1, 16, 2), block(16, 24, 2), block(24, 24))
        self.decode = nn.Sequential(
            block(FEATURES + 24, 32), nn.Upsample(scale_factor=2), block(32, 12), nn.Conv2d(12, 1, 1)
        )

    def forward(self, source, marker):
        s = self.summary(torch.cat(pooled(self.trunk(source)), 1))
        t = self.target(marker)
        s = s[:, :, None, None].expand(-1, -1, *t.shape[2:])
        return self.decode(torch.cat((s, t), 1))

    def export(self, x):
        top, average = pooled(self.trunk(x))
        return top, average, self.summary(torch.cat((top, average), 1))


class Exported(nn.Module):
    """What goes into the ONNX file: outputs max and mean (n, 64) of the last map, and head."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x):
        return self.net.export(x)
