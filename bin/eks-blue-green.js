#!/usr/bin/env node
"use strict";
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const main = join(__dirname, "..", "dist", "automation", "cli", "main.js");
if (!existsSync(main)) {
  process.stderr.write("eks-blue-green is not built in this checkout. Run: make build\n");
  process.exit(3);
}
// Node 20 is supported here; the AWS SDK's advice to leave it would stand in the middle of the view.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= "true";
require(main).main(process.argv);
