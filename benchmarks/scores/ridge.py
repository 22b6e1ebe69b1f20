"""Ridge regression with an intercept, its penalty chosen by cross-validation: one decomposition serves all of it.

With the penalty p, residuals on the tasks that a regression was fitted to are ``R y`` for the matrix ``R = B diag(d) B'``:
the columns of B are the left singular vectors of the centred features, filled up to a basis of everything that is orthogonal to
the constant, and d is ``p / (s² + p)`` for singular values s, 1 where there are none. Fitted without the tasks of a fold, the
residuals on that fold are ``inv(R[fold, fold]) (R y)[fold]``, exactly (Cook and Weisberg 1982). Features that are shuffled
among tasks have the same B with its rows shuffled.

Axes of array names: T tasks, F features, M targets, P penalties, K basis vectors (T - 1).
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Decomposition:
    """Of features, centred.

    Attributes:
        basis_TK: orthonormal, orthogonal to the constant.
        values_K: singular values, 0 beyond the features' rank.
        right_KF: right singular vectors, 0 likewise.
        mean_F: of the features.
    """

    basis_TK: np.ndarray
    values_K: np.ndarray
    right_KF: np.ndarray
    mean_F: np.ndarray

    @classmethod
    def of(cls, features_TF: np.ndarray) -> "Decomposition":
        tasks, features = features_TF.shape
        # All that is orthogonal to the constant, so that centring costs no digits.
        apart_TK = np.linalg.qr(np.ones((tasks, 1)), mode="complete")[0][:, 1:]
        left, values, right = np.linalg.svd(apart_TK.T @ features_TF, full_matrices=features < tasks - 1)
        values_K, right_KF = np.zeros(tasks - 1), np.zeros((tasks - 1, features))
        values_K[: len(values)], right_KF[: len(values)] = values, right[: len(values)]
        return cls(apart_TK @ left, values_K, right_KF, features_TF.mean(0))

    def shuffled(self, order_T: np.ndarray) -> "Decomposition":
        """Of ``features_TF[order_T]``."""
        return Decomposition(self.basis_TK[order_T], self.values_K, self.right_KF, self.mean_F)

    def predict(self, targets_TM: np.ndarray, penalty: float, features_TF: np.ndarray) -> np.ndarray:
        """Fit to targets, and predict those of other tasks from their features, [T, M]."""
        shrunk_K = self.values_K / (self.values_K**2 + penalty)
        coefficients_FM = self.right_KF.T @ (shrunk_K[:, None] * (self.basis_TK.T @ targets_TM))
        return np.asarray(targets_TM.mean(0) + (features_TF - self.mean_F) @ coefficients_FM)

    def errors_left_out(self, targets_TM: np.ndarray, penalties_P: np.ndarray, folds: list[np.ndarray]) -> np.ndarray:
        """Mean squared error on each fold when fitted without it, added up over folds, [P]."""
        kept_PK = penalties_P[:, None] / (self.values_K**2 + penalties_P[:, None])
        projected_KM = self.basis_TK.T @ targets_TM
        found_P = np.zeros(len(penalties_P))
        for fold in folds:
            scaled_PTK = self.basis_TK[fold] * kept_PK[:, None, :]
            residual_PTM = np.linalg.solve(scaled_PTK @ self.basis_TK[fold].T, scaled_PTK @ projected_KM)
            found_P += (residual_PTM**2).mean((1, 2))
        return found_P
