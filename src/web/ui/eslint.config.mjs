// eslint.config.mjs - what the page's TypeScript is held to, besides its types: rules that know them
//
// ESLint and its packages are those of tests/web; SECVF_WEB_MODULES names their folder, SECVF_TSCONFIG the tsconfig.json
// by which the page's own packages are found (ui.cmake writes it).
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const from = createRequire(join(resolve(process.env.SECVF_WEB_MODULES ?? join(here, "../../../tests/web/node_modules")), "_"));
const ts = from("typescript-eslint");
const project = resolve(process.env.SECVF_TSCONFIG ?? join(here, "tsconfig.json"));

export default ts.config(
  { linterOptions: { reportUnusedDisableDirectives: "error", noInlineConfig: true } },
  ...ts.configs.strictTypeChecked,
  {
    files: ["**/*.ts", "**/*.tsx"],
    languageOptions: { parserOptions: { project, tsconfigRootDir: dirname(project) } },
    rules: {
      eqeqeq: ["error", "always"],
      "no-eval": "error",
      "no-var": "error",
      "prefer-const": "error",
      "no-restricted-properties": ["error", ...["innerHTML", "outerHTML", "insertAdjacentHTML"].map((property) => ({ property, message: "texts of packets are only ever set as text" }))],
      "no-restricted-syntax": ["error", { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "texts of packets are only ever set as text" }],
      // A short arrow may be for what it does.
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      // void signal.value is how an effect names what it depends on.
      "@typescript-eslint/no-meaningless-void-operator": "off",
      // The server leaves out what it does not know, as of a row that has gone; the types have all of it.
      "@typescript-eslint/no-unnecessary-condition": "off",
      // Of what is deprecated, execCommand alone copies where a page may not use the clipboard.
      "@typescript-eslint/no-deprecated": ["error", { allow: ["execCommand"] }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    },
  },
);
