// The files that pages take for granted, small: checkpoints of random weights, tensors, texts.
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bool, f32, i32 } from '@attn/core';
import {
  LED_PRESETS,
  ledFamily,
  LONGFORMER_PRESETS,
  longformerFamily,
  randomCheckpoint,
  reformerFamily,
} from '@attn/models';
import { writeCheckpoint } from '@attn/models/node';
import { writeSafetensorsFile } from '@attn/safetensors/node';
import { root } from './pages.mjs';

/** Longformer-base, but for one layer, a few words, and a tokenizer to which each word is a token. */
export async function writeLongformer(folder) {
  const words = '<s> <pad> </s> <unk> <mask> one text another Call me Ishmael'.split(' ');
  const config = {
    ...LONGFORMER_PRESETS['longformer-base'],
    num_hidden_layers: 1,
    attention_window: [512],
    vocab_size: 64,
    intermediate_size: 256,
  };
  await writeCheckpoint(folder, randomCheckpoint(longformerFamily, config, { seed: 1 }));
  const special = (content, id) => ({
    id,
    content,
    special: true,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
  });
  const tokenizer = {
    version: '1.0',
    added_tokens: words.slice(0, 5).map(special),
    normalizer: null,
    pre_tokenizer: { type: 'Whitespace' },
    post_processor: { type: 'BertProcessing', sep: ['</s>', 2], cls: ['<s>', 0] },
    decoder: null,
    model: {
      type: 'WordLevel',
      vocab: Object.fromEntries(words.map((word, id) => [word, id])),
      unk_token: '<unk>',
    },
  };
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
}

/** A causal Reformer of two small layers whose ids are bytes. */
async function writeReformer(folder) {
  const config = JSON.parse(
    readFileSync(join(root, 'packages/models/goldens/reformer_lm/config.json'), 'utf8'),
  );
  mkdirSync(folder);
  await writeCheckpoint(
    folder,
    randomCheckpoint(reformerFamily, { ...config, vocab_size: 258 }, { seed: 1 }),
  );
}

/** An LED of two small layers, with the tokenizer of another model. */
async function writeSummarizer(folder) {
  const config = {
    ...LED_PRESETS['led-base'],
    attention_window: [8, 8],
    d_model: 16,
    encoder_layers: 2,
    decoder_layers: 1,
    encoder_attention_heads: 2,
    decoder_attention_heads: 2,
    encoder_ffn_dim: 32,
    decoder_ffn_dim: 32,
    max_encoder_position_embeddings: 256,
    max_decoder_position_embeddings: 64,
    vocab_size: 320,
  };
  mkdirSync(folder);
  await writeCheckpoint(folder, randomCheckpoint(ledFamily, config, { seed: 1 }));
  cpSync(
    join(root, 'packages/models/goldens/tasks/gen-reformer/tokenizer.json'),
    join(folder, 'tokenizer.json'),
  );
}

/** A folder of a few texts. */
function writeNotes(folder) {
  mkdirSync(folder);
  writeFileSync(join(folder, 'planets.md'), '# Planets\n\nMars is red. Red planets have dust.\n');
  writeFileSync(join(folder, 'library.txt'), 'The library lends books for four weeks.\n');
}

/** Puts everything into `folder`, with the packages beside it. */
export async function writeStandIns(folder) {
  symlinkSync(join(root, 'tooling/packages/node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'reader', type: 'module' }));
  const golden = (name, as) =>
    cpSync(join(root, 'packages/models/goldens', name), join(folder, as), { recursive: true });
  await writeReformer(join(folder, 'reformer'));
  await writeSummarizer(join(folder, 'summarizer'));
  golden('linformer_lm', 'linformer');
  writeNotes(join(folder, 'notes'));
  golden('today/models/mb_hub2024', 'modernbert');
  golden('today/st/embeddinggemma_hub', 'embedding-model');
  golden('classic/sentence/splade_max', 'splade');
  golden('classic/sentence/cross_sigmoid', 'reranker');
  golden('classic/bigbird/bigbird_just_long', 'bigbird');
  golden('heads/led/led_generation', 'led');
  golden('heads/bart/bart_generation', 'bart');
  golden('tasks/qa-bert', 'qa-model');
  golden('roberta_encoder', 'roberta-base');
  golden('heads/jina/jina_adapters', 'jina');
  golden('today/models/eg_encoder', 'embeddinggemma');
  golden('today/text/qwen3_reranker', 'qwen3-reranker');
  golden('today/text/privacy_filter', 'privacy-filter');
  golden('tasks/cls-bert', 'review-model');
  golden('tasks/mlm-bert', 'masked-model');
  golden('tasks/gen-reformer', 'writer');
  golden('tasks/zs-middle', 'entailment-model');
  golden('tasks/ner-bert', 'ner-model');
  golden('tasks/cls-bert', 'reviews');
  mkdirSync(join(folder, 'longformer'));
  await writeLongformer(join(folder, 'longformer'));
  symlinkSync('longformer', join(folder, 'checkpoint'));

  const random = (...shape) => {
    const length = shape.reduce((size, extent) => size * extent, 1);
    return f32(
      shape,
      Float32Array.from({ length }, (_, i) => Math.sin(i * 0.7)),
    );
  };
  const heads = () => random(1, 2, 512, 64);
  const keyMask = bool([1, 512], new Uint8Array(512).fill(1));
  const write = (name, tensors) => writeSafetensorsFile(join(folder, name), tensors);
  await write('qkv.safetensors', { q: heads(), k: heads(), v: heads(), keyMask });
  await write('qv.safetensors', { q: heads(), v: heads() });
  await write('trained.safetensors', { q: heads(), k: heads(), v: heads(), E: random(64, 512) });
  cpSync(
    join(root, 'packages/torch/goldens/state/module_state_dict_zip/pytorch_model.bin'),
    join(folder, 'pytorch_model.bin'),
  );
  for (const name of ['moby-dick.txt', 'sotu.txt'])
    writeFileSync(join(folder, name), 'Call me Ishmael one text');
  writeFileSync(join(folder, 'lines.jsonl'), '{"text":"Call me Ishmael","pair":"another text"}\n');
  writeFileSync(
    join(folder, 'reviews.jsonl'),
    '{"text":"Call me Ishmael."}\n{"text":"one","text_pair":"two"}\n',
  );
  await write('ids.safetensors', { input_ids: i32([1, 8], [0, 5, 6, 7, 8, 9, 10, 2]) });
}
