"""Compact networks in three published designs. All share the trunk: 10 million multiplications per crop."""

import torch
import torch.nn as nn
import torch.nn.functional as F

FEATURES = 64


def block(i, o, stride=1):
    return nn.Sequential(nn.Conv2d(i, o, 3, stride, 1, bias=False), nn.BatchNorm2d(o), nn.ReLU())


class Trunk(nn.Module):
    """64 x 64 -> 8 x 8 x 64; crops of 128 x 128 are halved first, by filters of their own. The last layer adds a learned
    bias per place before its ReLU, so that a network can tell the middle of the crop from its rim: it may ignore
    neighbors, it need not."""

    def __init__(self, channels, side=64):
        super().__init__()
        halved = [block(channels, 12, 2)] if side == 128 else []
        self.layers = nn.Sequential(
            *halved,
            block(12 if halved else channels, 16, 2),
            block(16, 24),
            nn.MaxPool2d(2),
            block(24, 48),
            block(48, 64, 2),
        )
        self.conv = nn.Conv2d(64, FEATURES, 3, 1, 1, bias=False)
        self.norm = nn.BatchNorm2d(FEATURES)
        self.place = nn.Parameter(torch.zeros(1, FEATURES, 8, 8))

    def forward(self, x):
        return F.relu(self.norm(self.conv(self.layers(x))) + self.place)


def pooled(h):
    return h.amax((2, 3)), h.mean((2, 3))


class Classifier(nn.Module):
    """PIFiA (protein identity from GFP), DeepLoc (localization from GFP and RFP) and the like: trunk, dense layers,
    classes."""

    def __init__(self, channels, classes, side=64):
        super().__init__()
        self.trunk = Trunk(channels, side)
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


class CenterOnly(nn.Module):
    """A network that is shown the center cell alone: inputs x and the center mask (n, 1, h, w); each channel is scaled by
    its mean and SD under the mask, everything else is 0. What is around the cell cannot reach the features."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, x, mask):
        pixels = mask.sum((2, 3), keepdim=True).clamp(min=1)
        mean = (x * mask).sum((2, 3), keepdim=True) / pixels
        sd = (((x - mean) * mask) ** 2).sum((2, 3), keepdim=True).div(pixels).sqrt()
        return self.net.export((x - mean) * mask / (sd + 1e-6))
