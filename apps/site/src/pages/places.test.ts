import { describe, expect, test } from 'vitest';
import { places, targetOf } from './places.ts';

const pages = places();

test('the pages have places that can be told apart', () => {
  expect(pages.get('docs/internals/plans.md')).toBe('internals/plans.md');
  expect(pages.get('docs/README.md')).toBe('contents.md');
  expect(pages.get('packages/core/README.md')).toBe('packages/core.md');
  expect(new Set(pages.values()).size).toBe(pages.size);
});

describe('links', () => {
  test.each([
    ['docs/models.md', 'tasks.md#labels', './tasks.md#labels'],
    ['docs/models.md', '#export', '#export'],
    ['docs/internals/plans.md', '../patterns.md', '../patterns.md'],
    ['docs/internals/plans.md', '../../CONTRIBUTING.md', './contributing.md'],
    ['docs/corpus.md', '../packages/corpus/README.md#use', './packages/corpus.md#use'],
    ['packages/core/README.md', '../../docs/internals/systems.md', '../internals/systems.md'],
    ['CONTRIBUTING.md', 'docs/README.md', '../contents.md'],
    ['docs/benchmarks.md', 'plots/lsh.svg', './plots/lsh.svg'],
  ])('in %s, %s leads to %s', (file, href, page) => {
    expect(targetOf(pages, file, href)).toEqual({ kind: 'page', href: page });
  });

  test.each([
    ['docs/internals/plans.md', '../../packages/core/src/plan/', 'packages/core/src/plan'],
    ['docs/hosts.md', '../examples/vite', 'examples/vite'],
  ])('in %s, %s leads to the repository', (file, href, path) => {
    expect(targetOf(pages, file, href)).toEqual({ kind: 'repository', path });
  });
});
