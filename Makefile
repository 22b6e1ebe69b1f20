# `make leaderboard` and `make test` set up their own .venv on first use; nothing else is needed but Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: leaderboard test test-extras docs docs-links pages verify verify-pull-request verify-unverified comment record-verified clean

# An environment that has the packages of .venv too.
define venv-upon
$(PYTHON) -m venv $(1)
.venv/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
	> "$$($(1)/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/upon.pth"
endef

leaderboard: .venv/ready
	$(BIN)/python -m benchmarks.leaderboard --preset quick $(ARGS)

test: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 $(ARGS)

# What needs engines, loggers and readers of data that exist, in an environment of its own upon .venv: some want older versions of common packages.
test-extras: .venv-extras/ready .venv-docs/ready
	PYTHONPATH=. .venv-extras/bin/python -m pytest -m extras $(ARGS)
	PYTHONPATH=. .venv-docs/bin/python -m pytest -m extras tests/test_site.py

docs: .venv-docs/ready
	.venv-docs/bin/python -m sphinx --fail-on-warning --keep-going docs build/docs

# The documentation with the leaderboard page in it, as it is published.
pages: docs
	$(BIN)/python -m compworld.benchmarks site --out build/docs/leaderboard

# Entries are recomputed in worlds that follow from their files and from SALT, by default one that is drawn; see docs/submissions.md.
VERIFY = $(BIN)/python -m compworld.benchmarks verify $(if $(SALT),--salt "$(SALT)") $(ARGS)
FOUND := build/verified

# Those that a command lists; what was found about each goes to a file of its own, and so does why the command lists none.
define verify-each
mkdir -p $(FOUND) && rm -f $(FOUND)/*.md
$(1) > $(FOUND)/entries.txt 2> $(FOUND)/refused.md || { cat $(FOUND)/refused.md >&2; exit 1; }
failed=0; for folder in $$(cat $(FOUND)/entries.txt); do \
	$(VERIFY) --markdown $(FOUND)/$$(basename $$folder).md $$folder || failed=1; \
done; exit $$failed
endef

verify: .venv/ready
	$(VERIFY) $(SUBMISSION)

# The entries of a pull request, verified by the code that is here.
verify-pull-request: .venv/ready
	git fetch --quiet --no-tags origin "pull/$(NUMBER)/head"
	mkdir -p $(FOUND) && echo "$(NUMBER)" > $(FOUND)/number.txt
	$(call verify-each,$(BIN)/python -m compworld.benchmarks.submissions.pending $(BASE) FETCH_HEAD)

verify-unverified: .venv/ready
	$(call verify-each,$(BIN)/python -m compworld.benchmarks.submissions.pending)

# What verify-pull-request found, as a comment on the pull request that HEAD is of; the files may hold anything.
comment:
	grep -Eqx '[0-9]{1,9}' $(FOUND)/number.txt
	test "$$(gh pr view "$$(cat $(FOUND)/number.txt)" --json headRefOid --jq .headRefOid)" = "$(HEAD)"
	cat $(FOUND)/*.md | head -c 60000 > $(FOUND)/comment.txt
	gh pr comment "$$(cat $(FOUND)/number.txt)" --body-file $(FOUND)/comment.txt

record-verified:
	git add submissions/*/verified.json
	git diff --cached --quiet || git commit --quiet -m "Entries that were verified"
	git push --quiet

# Asks the addresses of all links to other sites, and so needs a network.
docs-links: .venv-docs/ready
	.venv-docs/bin/python -m sphinx -b linkcheck docs build/docs-links

# A browser of the system, or else playwright's own; where neither can be had, the tests of the leaderboard page say so and are skipped.
.venv-extras/ready: .venv/ready
	$(call venv-upon,.venv-extras)
	.venv-extras/bin/python -m pip install --quiet --disable-pip-version-check \
		ray==2.60.0 submitit==1.5.4 tensorboard==2.21.0 wandb==0.31.0 trackio==0.43.0 \
		torchrl==0.14.1 "minari[create,hdf5]==0.5.4" sb3-contrib==2.9.2 pyarrow==26.0.1 datasets==5.2.0 \
		playwright==1.65.2 axe-playwright-python==0.1.8
	command -v chromium || command -v chromium-browser || command -v google-chrome || \
		.venv-extras/bin/python -m playwright install chromium || true
	touch $@

.venv-docs/ready: .venv/ready
	$(call venv-upon,.venv-docs)
	.venv-docs/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[docs]"
	touch $@

.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[test]"
	touch $@

clean:
	rm -rf .venv .venv-extras .venv-docs build/docs docs/generated
