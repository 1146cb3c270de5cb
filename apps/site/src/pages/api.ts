/** The API reference: a page for each entry of the packages, made from their declarations and docstrings. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Application, Converter, ReflectionKind, type Context } from 'typedoc';
import type { PluginOptions } from 'typedoc-plugin-markdown';
import type { Door } from './doors.ts';
import { root } from '../repository.ts';

/** What typedoc calls an entry: the path of its declarations below `packages`. */
const nameInTypedoc = ({ types }: Door): string =>
  types.replace(/^packages\//, '').replace(/(?:\/index)?\.d\.ts$/, '');

/** Settings of the pages: one for each entry, without what the site shows itself. */
const PAGES: Partial<PluginOptions> = {
  outputFileStrategy: 'modules',
  entryFileName: 'index',
  // Links to members do not rest on how headings are named.
  useHTMLAnchors: true,
  anchorPrefix: 'api-',
  hidePageHeader: true,
  hideBreadcrumbs: true,
  hidePageTitle: false,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'table',
  typeAliasPropertiesFormat: 'table',
  expandObjects: false,
  useCodeBlocks: true,
};

/**
 * Writes the pages of the entries into `folder`, one for each, as `@attn/<package>.md` or
 * `@attn/<package>/<entry>.md`, and a list of them as `index.md`. Errors: declarations that do not compile.
 */
export async function writeApi(doors: readonly Door[], folder: string, tsconfig: string): Promise<void> {
  const files = doors.map(({ types }) => join(root, types));
  const compilerOptions = {
    target: 'es2023',
    lib: ['es2024', 'dom', 'dom.iterable', 'esnext.disposable'],
    module: 'nodenext',
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  };
  writeFileSync(tsconfig, JSON.stringify({ compilerOptions, files }));
  const settings = {
    name: 'API',
    entryPoints: files,
    tsconfig,
    plugin: ['typedoc-plugin-markdown'],
    readme: 'none',
    logLevel: 'Error',
    disableSources: true,
    groupOrder: ['Functions', 'Classes', 'Interfaces', 'Type Aliases', 'Variables', '*'],
    excludeInternal: true,
    excludePrivate: true,
    excludeExternals: true,
    outputs: [{ name: 'markdown', path: folder }],
    ...PAGES,
  };
  const app = await Application.bootstrapWithPlugins(
    settings as Parameters<typeof Application.bootstrapWithPlugins>[0],
  );
  const names = new Map(doors.map((door) => [nameInTypedoc(door), door.name]));
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }: Context) => {
    for (const module of project.getChildrenByKind(ReflectionKind.Module))
      module.name = names.get(module.name) ?? module.name;
  });
  const project = await app.convert();
  if (project === undefined)
    throw new Error('[attn/site] api: expected declarations that compile, got errors');
  await app.generateOutputs(project);
}
