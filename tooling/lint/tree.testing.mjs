// A small tree of sources in a folder of its own, in which a test of a rule plants a fault.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';

/** A fresh tree for every test: `root` is its folder, and `plant` writes a file into it. */
export function useTree() {
  const tree = {
    root: '',
    plant(file, source) {
      mkdirSync(dirname(join(tree.root, file)), { recursive: true });
      writeFileSync(join(tree.root, file), source);
    },
  };
  beforeEach(() => {
    tree.root = mkdtempSync(join(tmpdir(), 'attn-lint-'));
  });
  afterEach(() => rmSync(tree.root, { recursive: true }));
  return tree;
}
