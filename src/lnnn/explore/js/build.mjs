// Bundles src/ into ../static/explorable.js. With an argument, writes there instead.
import { build, transform } from "esbuild";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// Style sheets travel inside the script, as minified text.
const styleText = {
  name: "style-text",
  setup(bundle) {
    bundle.onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

await build({
  entryPoints: [here("src/index.js")],
  outfile: process.argv[2] ?? here("../static/explorable.js"),
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2021",
  charset: "utf8",
  plugins: [styleText],
  legalComments: "none",
});
