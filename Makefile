# Neither target needs root, Docker or an AWS account; both work with an empty cache and with a warm one, and leave nothing running.
.PHONY: rehearse test test-exhaustive sandbox build clean bench bench-weights
NODE_MODULES := node_modules/.package-lock.json

rehearse: build ## everything, from the tools to a finished upgrade under load; SCENARIO=… rehearses another one
	@node bin/eks-blue-green.js rehearse $(if $(SCENARIO),--scenario $(SCENARIO)) $(ARGS)

test: $(NODE_MODULES) ## lint, types, unit and component tests, properties, sandbox end-to-end; STEPS=build,e2e ONLY=kill,cycle runs less
	@node scripts/test.mjs $(or $(STEPS),all)

test-exhaustive: $(NODE_MODULES) ## the same with every point of each matrix, for nights and before a release
	@EBG_TEST_TIER=exhaustive node scripts/test.mjs $(or $(STEPS),all)

sandbox: build ## leaves a sandbox running and prints the variables that point your own tools at it
	@node bin/eks-blue-green.js sandbox up $(ARGS)

bench: build ## the naive procedure and ours, in the same sandbox, side by side
	@node dist/bench/naive.js $(ARGS)

bench-weights: build ## three ways to move requests by weights, each in a sandbox of its own
	@node dist/bench/weights.js $(ARGS)

build: $(NODE_MODULES)
	@node scripts/build.mjs

# Its words go to stderr: `eval "$$(make -s sandbox)"` reads stdout.
$(NODE_MODULES): package-lock.json
	@echo "installing npm packages (about a minute with an empty cache)" >&2
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
	@touch $(NODE_MODULES)

clean:
	rm -rf dist node_modules/.cache
