"""First layers that are mixed from templates, for sparse observations.

Axes of tensor names: T tasks, N samples, R active rows, C templates, H width, V rows of a table.
"""

import torch
from torch import Tensor


class ProjectedInput:
    """Observations projected on every template once: pre-activations are linear in the coefficients, so that is all they need.

    Pays where the layer is used many times, as in the inner loop.

    Args:
        matrix_TCP: the projections, with P for samples x width.
        width: H.
    """

    def __init__(self, matrix_TCP: Tensor, width: int) -> None:
        self.matrix, self.width = matrix_TCP, width

    def __len__(self) -> int:
        return len(self.matrix)

    def mix(self, coefficients_TC: Tensor) -> Tensor:
        """Pre-activations [T, N, H]."""
        tasks, _, positions = self.matrix.shape
        return torch.bmm(coefficients_TC[:, None], self.matrix).view(tasks, positions // self.width, self.width)

    def correlate(self, values_TNH: Tensor) -> Tensor:
        """Product of the gradient of pre-activations with their derivative by the coefficients, [T, C]."""
        # A row times the transposed matrix: on the CPU ten times faster than the matrix times a column.
        return torch.bmm(values_TNH.reshape(len(values_TNH), 1, -1), self.matrix.mT)[:, 0]


class GatheredInput:
    """The first layer's whole table generated for each task, of which a sample gathers its active rows.

    Pays where the layer is used once.

    Args:
        bank_CP: the templates of the table, with P for V x H.
        inputs_TNR: active rows.
        width: H.
    """

    def __init__(self, bank_CP: Tensor, inputs_TNR: Tensor, width: int) -> None:
        self.bank, self.inputs, self.width = bank_CP, inputs_TNR, width

    def __len__(self) -> int:
        return len(self.inputs)

    def mix(self, coefficients_TC: Tensor) -> Tensor:
        """Pre-activations [T, N, H]."""
        table = (coefficients_TC @ self.bank).view(-1, self.width)
        tasks, samples, rows = self.inputs.shape
        offsets = torch.arange(tasks, device=table.device) * (len(table) // tasks)
        # Not an embedding bag: its backward pass sorts all indices.
        active = table.index_select(0, (self.inputs + offsets[:, None, None]).flatten())
        return active.view(tasks, samples, rows, self.width).sum(2)
