// build.mjs - the page: src/ bundled into OUT/assets/NAME-HASH.{js,css} and OUT/index.html
//
//   node build.mjs [OUT]        (dist)
//
// SECVF_NODE_MODULES names the folder of packages where it is not node_modules beside this file:
// CMake installs them into its build tree, so that the checkout stays as it is.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = resolve(process.env.SECVF_NODE_MODULES ?? join(here, "node_modules"));
const out = resolve(process.argv[2] ?? join(here, "dist"));
const esbuild = createRequire(join(modules, "_"))("esbuild");

rmSync(out, { recursive: true, force: true });
mkdirSync(join(out, "assets"), { recursive: true });
const result = await esbuild.build({
  absWorkingDir: here,
  entryPoints: { panel: "src/main.tsx" },
  nodePaths: [modules],
  bundle: true,
  format: "esm",
  target: ["chrome109", "firefox115", "safari16"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  legalComments: "external",
  charset: "utf8",
  outdir: join(out, "assets"),
  entryNames: "[name]-[hash]",
  metafile: true,
  logLevel: "warning",
});
const made = Object.keys(result.metafile.outputs).map((name) => relative(out, resolve(here, name)));
const one = (end) => {
  const found = made.filter((name) => name.endsWith(end));
  if (found.length !== 1) throw new Error(`build.mjs: ${found.length} files ${end} were made, not one`);
  return found[0];
};
const icon = readFileSync(join(here, "icon.svg"));
const iconName = `assets/icon-${createHash("sha256").update(icon).digest("hex").slice(0, 8).toUpperCase()}.svg`;
writeFileSync(join(out, iconName), icon);
const html = readFileSync(join(here, "index.html"), "utf8")
  .replace("{icon}", iconName)
  .replace("{css}", one(".css"))
  .replace("{js}", one(".js"));
writeFileSync(join(out, "index.html"), html);
