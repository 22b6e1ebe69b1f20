"""Are a student's modules its teacher's? Axes of tensor names: T tasks, M modules, D inputs, H width."""

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor


def module_alignment(codes_TM: Tensor, modules_MDH: Tensor, student_codes_TM: Tensor, student_MDH: Tensor) -> float:
    """How well the student's modules are the teacher's after the best linear map between them, at most 1.

    A linear map of modules, common to all hidden neurons, starts as the regression of student codes on teacher codes. Then
    neurons are matched one to one, and map and neurons' scales are fitted again by least squares, in turns.

    Args:
        codes_TM: the teacher's code of each task.
        modules_MDH: the teacher's modules.
        student_codes_TM: the student's codes of the same tasks; may have another number of modules.
        student_MDH: its modules; its width may be larger.

    Returns:
        Mean over the teacher's neurons of the cosine between their weights in all modules and those of their match.
    """
    modules, inputs, width = modules_MDH.shape
    wanted = modules_MDH.double().reshape(-1, width)
    student = student_MDH.double()
    mixing = torch.linalg.lstsq(codes_TM.double(), student_codes_TM.double(), driver="gelsd").solution
    best = -1.0
    for _ in range(20):
        mapped = torch.einsum("mc,cdh->mdh", mixing, student).reshape(modules * inputs, -1)
        cosine = torch.nn.functional.normalize(wanted, dim=0).T @ torch.nn.functional.normalize(mapped, dim=0)
        neurons, matches = linear_sum_assignment(-cosine.numpy())
        best = max(best, float(cosine[neurons, matches].mean()))
        chosen = mapped[:, matches]
        scale = (wanted * chosen).sum(0) / chosen.square().sum(0).clamp_min(1e-12)
        factors = (student[:, :, matches] * scale).permute(1, 2, 0).reshape(-1, len(student))
        target = modules_MDH.double().permute(1, 2, 0).reshape(-1, modules)
        mixing = torch.linalg.lstsq(factors, target, driver="gelsd").solution.T
    return best
