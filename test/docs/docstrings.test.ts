/** What an editor and the API pages show of an export: each has a docstring. */
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import ts from "typescript";

const root = resolve(__dirname, "../..");

describe("the public entry points", function () {
  this.timeout(120_000);

  it("have a docstring on everything that they export", () => {
    const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined };
    const config = ts.getParsedCommandLineOfConfigFile(join(root, "tsconfig.types.json"), {}, host);
    assert.ok(config !== undefined);
    const options = { ...config.options, types: [] };
    const files = ts.createCompilerHost(options);
    // Other packages' types say nothing of ours, and take most of the time.
    files.resolveModuleNameLiterals = (names, from) =>
      names.map(({ text }) =>
        text.startsWith(".") ? ts.resolveModuleName(text, from, options, files) : { resolvedModule: undefined },
      );
    const program = ts.createProgram(config.fileNames, options, files);
    const checker = program.getTypeChecker();
    const missing: string[] = [];
    let exported = 0;
    for (const entry of ["index.ts", "components/index.ts"]) {
      const source = program.getSourceFile(join(root, entry));
      const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
      assert.ok(module !== undefined, entry);
      for (const named of checker.getExportsOfModule(module)) {
        exported += 1;
        const symbol = named.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(named) : named;
        const words = ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
        const file = symbol.declarations?.[0]?.getSourceFile().fileName.slice(root.length + 1);
        if (words === "") missing.push(`${named.name} of ${file ?? entry}`);
      }
    }
    assert.ok(exported > 100, `only ${exported} exports were found`);
    assert.deepEqual([...new Set(missing)], []);
  });
});
