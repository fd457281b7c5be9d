import { defineConfig, type Plugin } from "vite"

/** Our pages allow no inline styles; wavesurfer.js writes its own into a shadow root. They are kept as text there, and
 * `audio/waveform.ts` hands them to the browser as a style sheet, which is allowed. */
function sheetsInsteadOfStyles(): Plugin {
  return {
    name: "sheets-instead-of-styles",
    enforce: "pre",
    transform(code, id) {
      if (!/wavesurfer\.js[\\/]dist[\\/]wavesurfer\.esm\.js/.test(id)) return null
      const opening = /<style\$\{[^>]*?\}>/
      if (!opening.test(code) || !code.includes("</style>"))
        throw new Error("wavesurfer.js writes its styles elsewhere")
      return code.replace(opening, "<template class=sheet>").replace("</style>", "</template>")
    },
  }
}

export default defineConfig({
  base: "/studio/",
  plugins: [sheetsInsteadOfStyles()],
  build: {
    license: { fileName: "licences.md" },
    target: "es2023",
    assetsInlineLimit: 0,
    sourcemap: false,
    chunkSizeWarningLimit: 600,
    modulePreload: { polyfill: false },
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  server: { strictPort: true },
})
