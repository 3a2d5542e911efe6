import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

/** A text in a source file and what stands there instead. The text must occur exactly once, or the patch no longer means what it says. */
export type Patch = { file: string; find: string; replace: string }

/** A copy of the checkout's sources with the patches applied, and the same packages; gone when disposed. */
export function patchedCopy(root: string, patches: readonly Patch[]): Disposable & { root: string } {
  const copy = mkdtempSync(join(tmpdir(), 'parlance-planted-'))
  const dispose = () => rmSync(copy, { recursive: true, force: true })
  try {
    copySources(root, copy)
    linkPackages(root, copy)
    for (const patch of patches) apply(copy, patch)
  } catch (error) {
    dispose()
    throw error
  }
  return { root: copy, [Symbol.dispose]: dispose }
}

const notSource = new Set(['node_modules', 'test', 'docs', 'bench', 'data'])

function copySources(root: string, copy: string): void {
  for (const entry of ['package.json', 'tsconfig.json', 'bunfig.toml', 'bin', 'packages']) {
    const filter = (path: string) =>
      !relative(root, path)
        .split('/')
        .some((part, depth) => part.startsWith('.') || (notSource.has(part) && depth < 3))
    cpSync(join(root, entry), join(copy, entry), { recursive: true, filter })
  }
}

/** Every installed package as a link; our own ones lead into the copy, not back. */
function linkPackages(root: string, copy: string): void {
  const modules = join(copy, 'node_modules')
  mkdirSync(join(modules, '@parlance'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@parlance') symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  for (const name of readdirSync(join(copy, 'packages'))) symlinkSync(join(copy, 'packages', name), join(modules, '@parlance', name))
}

function apply(root: string, patch: Patch): void {
  writeFileSync(join(root, patch.file), patched(root, patch))
}

/** The source of a file with the patch applied; throws where its text is not there exactly once. */
export function patched(root: string, { file, find, replace }: Patch): string {
  const source = readFileSync(join(root, file), 'utf8')
  const found = source.split(find).length - 1
  if (found !== 1) throw new Error(`a planted bug does not apply any more: ${file} has ${found} times\n${find}`)
  return source.replace(find, () => replace)
}
