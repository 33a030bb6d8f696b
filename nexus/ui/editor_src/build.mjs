// Writes the editor's script, named after its content so that browsers may keep it, and everybody's licence.
import { build } from "esbuild";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";

const folder = "../static/components";
for (const former of readdirSync(folder)) {
  if (/^editor\..*\.js$/.test(former)) rmSync(`${folder}/${former}`);
}

const result = await build({
  entryPoints: ["editor.js"],
  outdir: folder,
  entryNames: "[name].[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome110", "firefox115", "safari16.4"],
  legalComments: "none",
  metafile: true,
});

const names = new Set();
for (const input of Object.keys(result.metafile.inputs)) {
  const found = input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (found) names.add(found[1]);
}
const licences = [...names].sort().map((name) => {
  const from = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${from}/package.json`, "utf8"));
  const file = readdirSync(from).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(`${from}/${file}`, "utf8").trim() : "";
  return `${name} ${version} (${license})\n\n${text}\n`;
});
writeFileSync(`${folder}/editor.LICENSES.txt`, licences.join(`\n${"-".repeat(80)}\n\n`));
