"""Train two small classifiers through ops that symgrad generated.

Run from the root of the repository, after ``symgrad gen examples/first_op.yaml``:

    python -m examples.train_first_op

The data are scikit-learn's handwritten digits: 1797 images of 8 by 8 pixels.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn

from generated.first_op import product, product_and_sum

PIXELS, HIDDEN, CLASSES = 64, 32, 10


class Scaled(nn.Module):
    """Two linear layers, and between them a learned factor for each feature."""

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.Linear(PIXELS, HIDDEN)
        self.w = nn.Parameter(torch.ones(HIDDEN))
        self.after = nn.Linear(HIDDEN, CLASSES)

    def forward(self, image: Tensor) -> Tensor:
        """Scores of the ten digits, for images of shape ``[batch, 64]``."""
        return self.after(product(self.before(image), self.w))


class ScaledAndShifted(nn.Module):
    """The same with both outputs of ``product_and_sum``, side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.before = nn.Linear(PIXELS, HIDDEN)
        self.w = nn.Parameter(torch.ones(HIDDEN))
        self.after = nn.Linear(2 * HIDDEN, CLASSES)

    def forward(self, image: Tensor) -> Tensor:
        """Scores of the ten digits, for images of shape ``[batch, 64]``."""
        y, z = product_and_sum(self.before(image), self.w)
        return self.after(torch.cat((y, z), dim=-1))


MODELS = {"product": Scaled, "product_and_sum": ScaledAndShifted}


@dataclass(frozen=True)
class Digits:
    """Images with pixels in 0 to 1, and their labels; every fourth is for testing."""

    images: Tensor
    labels: Tensor
    test_images: Tensor
    test_labels: Tensor


def digits() -> Digits:
    """The data set that comes with scikit-learn."""
    pixels, numbers = load_digits(return_X_y=True)
    images = torch.tensor(pixels / 16, dtype=torch.float32)
    labels = torch.tensor(numbers)
    test = torch.arange(len(labels)) % 4 == 0
    return Digits(images[~test], labels[~test], images[test], labels[test])


def train(model: nn.Module, data: Digits, steps: int) -> list[float]:
    """Fit the model with Adam on all images at once; the loss before each step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(steps):
        loss = F.cross_entropy(model(data.images), data.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@torch.no_grad()
def accuracy(model: nn.Module, data: Digits) -> float:
    """The share of test images whose digit is recognised."""
    guess = model(data.test_images).argmax(dim=-1)
    return (guess == data.test_labels).double().mean().item()


def main(steps: int) -> None:
    """Train each model from the same seed and print what became of it."""
    data = digits()
    for name, build in MODELS.items():
        torch.manual_seed(0)
        model = build()
        losses = train(model, data, steps)
        print(f"{name}: loss {losses[0]:.2f} -> {losses[-1]:.2f},", end=" ")
        print(f"accuracy {accuracy(model, data):.0%}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    main(parser.parse_args().steps)
