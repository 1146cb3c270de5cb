/**
 * Serves models while tests run on a page: a golden's files on a web server, whose address pages get as
 * `golden`, and a hub, as `hub`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { folderStore } from '../files/folder-store.ts';
import { openCheckpoint } from '../files/open-checkpoint.ts';
import { quantizeCheckpoint } from '../quantize-checkpoint.ts';
import { filesOf, serveFiles } from '../files/server.testing.ts';
import { writeCheckpoint } from '../files/write-checkpoint.ts';
import { linformerFamily } from '../linformer/index.ts';
import { randomCheckpoint } from '../checkpoint/random.ts';
import { botProposal, commitOf, startStubHub, type StubModel } from '../hub/stub-hub.testing.ts';
import { goldenFolder } from './goldens.testing.ts';

declare module 'vitest' {
  interface ProvidedContext {
    golden: string;
    hub: string;
  }
}

/** Starts the servers, and returns a function that stops them. */
export default async function serveGolden(project: TestProject): Promise<() => Promise<void>> {
  const files = await filesOf(goldenFolder('linformer_lm'));
  const server = await serveFiles(files);
  const hub = await startStubHub([
    model('org/linformer-lm', files),
    model('org/legacy', await filesOf(goldenFolder('checkpoints/models/lf_mlm_legacy'))),
    model('org/sentence', await filesOf(goldenFolder('classic/sentence/cls_dense_tanh'))),
    model('org/large', await largeModel()),
    model('org/codes', await codesOf('linformer_lm')),
    await convertedModel(),
  ]);
  project.provide('golden', server.url);
  project.provide('hub', hub.url);
  return async () => {
    await Promise.all([server.close(), hub.close()]);
  };
}

function model(id: string, files: ReadonlyMap<string, Uint8Array>): StubModel {
  return { id, revisions: new Map([['main', { commit: commitOf('c0ffee'), files }]]) };
}

/** A golden whose matrices are codes of 8 bits. */
async function codesOf(id: string): Promise<ReadonlyMap<string, Uint8Array>> {
  await using checkpoint = await openCheckpoint(folderStore(goldenFolder(id)));
  return await written(await quantizeCheckpoint(checkpoint, { dtype: 'q8' }));
}

/** A model whose weights have 18 MB. */
async function largeModel(): Promise<ReadonlyMap<string, Uint8Array>> {
  const config = {
    model_type: 'linformer',
    num_tokens: 35_000,
    dim: 64,
    seq_len: 32,
    depth: 1,
    heads: 2,
    k: 8,
  };
  return written(randomCheckpoint(linformerFamily, config, { architecture: 'LinformerLM' }));
}

/** The files of a checkpoint. */
async function written(checkpoint: Checkpoint): Promise<ReadonlyMap<string, Uint8Array>> {
  const folder = await mkdtemp(join(tmpdir(), 'attn-served-'));
  try {
    await writeCheckpoint(join(folder, 'model'), checkpoint);
    return await filesOf(join(folder, 'model'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** A model of PyTorch's files, with the pull request of the hub's bot. */
async function convertedModel(): Promise<StubModel> {
  const conversion = new Map(await filesOf(goldenFolder('checkpoints/models/lf_bot_new')));
  conversion.set('pytorch_model.bin', new TextEncoder().encode('is not read'));
  const bin = new Map(conversion);
  bin.delete('model.safetensors');
  const main = model('org/converted', bin);
  const revisions = new Map([
    ...main.revisions,
    ['refs/pr/4', { commit: commitOf('beef'), files: conversion }] as const,
  ]);
  return { ...main, revisions, discussions: [botProposal(4)] };
}
