// The site of the documentation: the pages of the project as they are, none of them copied.
import { copyFileSync, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { defineConfig } from 'vitepress'
import { groups, titleOf } from './groups.ts'

const root = join(import.meta.dirname, '..', '..')

/** It has the parts of README.md that it includes, and so stands where README.md does. */
const home = 'site/index.md'

/** Files beside the pages to which these link: the site has them at the same path. */
const linked = new Set<string>()

export default defineConfig({
  title: 'Tidings',
  description:
    'A real-time update queue for applications that run as many processes against one database',
  srcDir: '..',
  srcExclude: ['test/**', 'src/**', 'node_modules/**', 'dist/**'],
  rewrites: { [home]: 'index.md' },
  outDir: 'dist',
  // Pictures are looked for beside the file, which for the home page is not where it stands.
  vite: { resolve: { alias: { './docs/': `${root}/docs/` } } },
  cacheDir: '../node_modules/.cache/vitepress',
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    sidebar: groups.map(({ title, pages }) => ({
      text: title,
      items: pages.map((page) => ({ text: titleOf(page), link: `/${page}` })),
    })),
  },
  markdown: {
    config(markdown) {
      // Vue would compute what stands between double braces.
      const { code_inline } = markdown.renderer.rules
      markdown.renderer.rules.code_inline = (...given) =>
        code_inline?.(...given).replace('<code', '<code v-pre') ?? ''
      // A link to what is no page: a file is copied there, and what stays in the sources is text.
      markdown.core.ruler.push('files', ({ tokens, env }) => {
        const { relativePath } = env as { relativePath: string }
        const page = relativePath === home ? 'index.md' : relativePath
        for (const { children } of tokens)
          for (const [index, token] of (children ?? []).entries()) {
            if (token.type !== 'link_open') continue
            const [href = ''] = (token.attrGet('href') ?? '').split('#')
            if (href === '' || /^[a-z]+:/.test(href) || href.endsWith('.md')) continue
            const path = posix.join(posix.dirname(page), href)
            if (!existsSync(join(root, path)))
              throw new Error(`${page}: the link to ${href} leads nowhere`)
            if (isSource(path)) {
              token.tag = 'span'
              token.attrs = [['title', path]]
              const close = children?.slice(index).find(({ type }) => type === 'link_close')
              if (close) close.tag = 'span'
            } else {
              linked.add(path)
              token.attrSet('href', `/${path}`)
              token.attrSet('target', '_self')
            }
          }
      })
    },
  },
  buildEnd({ outDir }) {
    for (const path of linked) {
      mkdirSync(dirname(join(outDir, path)), { recursive: true })
      copyFileSync(join(root, path), join(outDir, path))
    }
  },
})

/** Sources and folders are no part of the site. */
const isSource = (path: string): boolean =>
  path.endsWith('.ts') || statSync(join(root, path)).isDirectory()
