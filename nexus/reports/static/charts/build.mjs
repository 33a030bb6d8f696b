// Writes the script that draws charts, the fonts of the screen, and everybody's licence. fonts.py makes those of print.
import { build } from "esbuild";
import { copyFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs";

const result = await build({
  entryPoints: ["draw.js"],
  outfile: "../charts.js",
  bundle: true,
  minify: true,
  format: "iife",
  target: "chrome120",
  legalComments: "none",
  metafile: true,
});

const names = new Set();
for (const input of Object.keys(result.metafile.inputs)) {
  const found = input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//);
  if (found) names.add(found[1]);
}
const licences = [...names].sort().map((name) => {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(`${folder}/${file}`, "utf8").trim() : "";
  return `${name} ${version} (${license})\n\n${text}\n`;
});
writeFileSync("../charts.js.LICENSES.txt", licences.join(`\n${"-".repeat(80)}\n\n`));

const screen = "../../../ui/static/fonts";
const print = "../fonts";
for (const script of ["latin", "latin-ext", "greek", "cyrillic"]) {
  for (const style of script.startsWith("latin") ? ["normal", "italic"] : ["normal"]) {
    const file = `inter-${script}-wght-${style}.woff2`;
    copyFileSync(`node_modules/@fontsource-variable/inter/files/${file}`, `${screen}/${file}`);
  }
}
copyFileSync("node_modules/@fontsource/jetbrains-mono/LICENSE", `${print}/LICENSE-JetBrainsMono.txt`);
copyFileSync("node_modules/@fontsource-variable/inter/LICENSE", `${screen}/LICENSE-Inter.txt`);
copyFileSync("node_modules/@fontsource-variable/inter/LICENSE", `${print}/LICENSE-Inter.txt`);
for (const [folder, name] of [["sans-jp", "SansJP"], ["sans-sc", "SansSC"], ["sans-kr", "SansKR"], ["sans-arabic", "SansArabic"], ["sans-hebrew", "SansHebrew"], ["emoji", "Emoji"]]) {
  copyFileSync(`node_modules/@fontsource/noto-${folder}/LICENSE`, `${print}/LICENSE-Noto${name}.txt`);
}
