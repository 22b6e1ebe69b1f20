"""A set's samples projected on every template of a first layer, so that an inner step only mixes projections.

Axes of array names: N samples of a task, R active rows, C templates, H width, V rows of a table, Z is N * H.
"""

from compworld.agents.compiled.compiler import compiled
from compworld.agents.compiled.layers import add


@compiled
def project(table_VCH, rows_NR, projected_CZ, unmoved_CH):
    """Sum of each sample's active rows, by template.

    That of all rows but the moving one is kept from sample to sample, from the last one back: before an object was collected,
    it was there too.
    """
    samples, active = rows_NR.shape
    templates, width = len(projected_CZ), len(unmoved_CH) // len(projected_CZ)
    nothing = len(table_VCH) - 1
    for n in range(samples - 1, -1, -1):
        last = _is_last(rows_NR, n, nothing)
        if last:
            unmoved_CH[:] = 0
        for r in range(active):
            if _appears(rows_NR, n, r, last, nothing):
                add(unmoved_CH, table_VCH[rows_NR[n, r]])
        agent = table_VCH[rows_NR[n, _moving(active)]]
        for c in range(templates):
            out = projected_CZ[c, n * width : (n + 1) * width]
            one, other = unmoved_CH[c * width : (c + 1) * width], agent[c * width : (c + 1) * width]
            for h in range(width):
                out[h] = one[h] + other[h]


@compiled
def project_back(of_projected_CZ, rows_NR, of_table_VCH, of_unmoved_CH):
    """Adds the transpose of :func:`project`. The row of nothing is no template: what is added to it has no meaning."""
    samples, active = rows_NR.shape
    templates, width = len(of_projected_CZ), len(of_unmoved_CH) // len(of_projected_CZ)
    nothing = len(of_table_VCH) - 1
    of_unmoved_CH[:] = 0
    for n in range(samples):
        of_agent = of_table_VCH[rows_NR[n, _moving(active)]]
        for c in range(templates):
            value = of_projected_CZ[c, n * width : (n + 1) * width]
            one, other = of_unmoved_CH[c * width : (c + 1) * width], of_agent[c * width : (c + 1) * width]
            for h in range(width):
                one[h] += value[h]
                other[h] += value[h]
        last = _is_last(rows_NR, n, nothing)
        for r in range(active):
            if _appears(rows_NR, n, r, last, nothing):
                add(of_table_VCH[rows_NR[n, r]], of_unmoved_CH)
        if last:
            of_unmoved_CH[:] = 0


@compiled
def _moving(active):
    """Which of an observation's active rows changes most often: that of the agent, see :meth:`GridFamily.active_rows`."""
    return max(active - 2, 0)


@compiled
def _is_last(rows_NR, n, nothing):
    """Whether no sample is behind ``n``, or one with something, the agent apart, that ``n`` lacks: another episode's."""
    if n == len(rows_NR) - 1:
        return True
    for r in range(rows_NR.shape[1]):
        after = rows_NR[n + 1, r]
        if r != _moving(rows_NR.shape[1]) and after != rows_NR[n, r] and after != nothing:
            return True
    return False


@compiled
def _appears(rows_NR, n, r, last, nothing):
    """Whether row ``r`` is something, the agent apart, that sample ``n`` shows and the one behind it does not."""
    row = rows_NR[n, r]
    return r != _moving(rows_NR.shape[1]) and row != nothing and (last or rows_NR[n + 1, r] != row)


@compiled
def add_first(of_slow_CZ, rows_NR, of_table, of_unmoved_CH):
    """Adds the gradient of what a first layer mixed to that of its templates; dense observations have R = 0."""
    if rows_NR.shape[1]:
        project_back(of_slow_CZ, rows_NR, of_table, of_unmoved_CH)
    else:
        add(of_table, of_slow_CZ)
