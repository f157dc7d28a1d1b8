import tseslint from "typescript-eslint";

const noSandbox = { group: ["**/sandbox/**", "**/sandbox"], message: "Only the `rehearse` and `sandbox` commands, the benchmarks and tests may import the sandbox." };
const layer = (files, groups) => ({ files, rules: { "no-restricted-imports": ["error", { patterns: groups }] } });

export default tseslint.config(
  { ignores: ["dist/**", "node_modules/**", ".sandbox/**"] },
  ...tseslint.configs.recommended,
  // CommonJS throughout: `require` is how a part is loaded late, and the only way in plain scripts.
  { rules: { "@typescript-eslint/no-require-imports": "off" } },
  {
    files: ["**/*.ts"],
    rules: {
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 80, skipBlankLines: true, skipComments: true }],
      "no-restricted-syntax": ["error", { selector: "ExportDefaultDeclaration", message: "Named exports only." }],
      "@typescript-eslint/no-explicit-any": "error",
      
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      eqeqeq: ["error", "always", { null: "ignore" }],
    },
  },
  { files: ["test/**/*.ts"], rules: { "max-lines-per-function": "off", "max-lines": ["error", { max: 500 }] } },
  layer(["components/**/*.ts"], [noSandbox, { group: ["**/stacks/**", "**/automation/**"], message: "components ← stacks ← automation" }]),
  layer(["stacks/**/*.ts"], [noSandbox, { group: ["**/automation/**"], message: "components ← stacks ← automation" }]),
  { ...layer(["automation/**/*.ts"], [noSandbox]), ignores: ["automation/cli/main.ts", "automation/cli/rehearsal/**", "automation/cli/commands/sandbox*.ts", "automation/cli/commands/rehearse.ts"] },
  layer(["sandbox/**/*.ts"], [{ group: ["**/components/**", "**/stacks/**", "**/automation/**"], message: "The sandbox knows none of the layers that it rehearses." }]),
);
