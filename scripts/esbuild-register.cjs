// Loads TypeScript with the transpiler alone, for processes that tests start: ts-node loads the compiler, which takes
// half of a small process' start.
const { readFileSync } = require("node:fs");
const { create } = require("./esbuild-transpiler.cjs");

const { transpile } = create({});
process.setSourceMapsEnabled(true);
require.extensions[".ts"] = (module, fileName) => {
  const { outputText, sourceMapText } = transpile(readFileSync(fileName, "utf8"), { fileName });
  const map = JSON.stringify({ ...JSON.parse(sourceMapText), sources: [fileName] });
  const inline = Buffer.from(map).toString("base64");
  module._compile(`${outputText}//# sourceMappingURL=data:application/json;base64,${inline}\n`, fileName);
};
