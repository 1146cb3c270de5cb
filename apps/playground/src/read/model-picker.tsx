/** Where the model comes from, and in which form its weights are kept. */
import { useRef, useState } from 'preact/hooks';
import type { Dtype, Source } from '../engine/read-engine.ts';
import { Select, TextField } from '../ui/field.tsx';
import { count, duration } from '../ui/format.ts';
import { load, model, step } from './read-state.ts';

/** Models of the hub that show what can be done here. */
const SUGGESTIONS = [
  'sentence-transformers/all-MiniLM-L6-v2',
  'dslim/bert-base-NER',
  'distilbert/distilbert-base-cased-distilled-squad',
  'deepset/roberta-base-squad2',
  'allenai/longformer-base-4096',
];

const DTYPES: readonly (readonly [Dtype, string])[] = [
  ['as-stored', 'as the files have them'],
  ['q8', '8 bits: a quarter of the memory'],
  ['q4', '4 bits: a sixth of the memory'],
  ['f16', '16 bits: half of the memory'],
  ['f32', '32 bits'],
];

type Kind = Source['kind'];

/** The controls of the model. */
export function ModelPicker() {
  const [kind, setKind] = useState<Kind>('words');
  const [id, setId] = useState(SUGGESTIONS[0]);
  const [dtype, setDtype] = useState<Dtype>('as-stored');
  const folder = useRef<HTMLInputElement>(null);
  const [files, setFiles] = useState<readonly File[]>([]);
  const source = (): Source | undefined => {
    if (kind === 'words') return { kind };
    if (kind === 'hub') return id.trim() === '' ? undefined : { kind, id: id.trim() };
    if (files.length === 0) return undefined;
    return { kind, files: files.map((file) => ({ file, path: file.webkitRelativePath || file.name })) };
  };
  const submit = (event: Event): void => {
    event.preventDefault();
    const place = source();
    if (place !== undefined) void load(place, dtype);
  };
  return (
    <form class="stack" onSubmit={submit} aria-labelledby="model-title">
      <h2 id="model-title">1 · Model</h2>
      <Select label="Where from" value={kind} onChange={(value) => setKind(value as Kind)}>
        <option value="words">A small one, made here (random weights)</option>
        <option value="hub">The Hugging Face hub</option>
        <option value="files">A folder on this disk</option>
      </Select>
      {kind === 'words' && (
        <p class="note">
          A Longformer of two layers that tells words apart, but has learnt nothing. It downloads nothing.
        </p>
      )}
      {kind === 'hub' && (
        <TextField
          label="Id"
          value={id}
          onInput={setId}
          list={SUGGESTIONS}
          hint="It is downloaded once, into this browser's cache."
        />
      )}
      {kind === 'files' && (
        <div class="field">
          <label for="model-folder">Folder with config.json</label>
          <input
            id="model-folder"
            ref={folder}
            type="file"
            multiple
            {...{ webkitdirectory: true }}
            onChange={(event) => setFiles([...(event.currentTarget.files ?? [])])}
          />
        </div>
      )}
      {kind !== 'words' && (
        <Select label="Weights" value={dtype} onChange={(value) => setDtype(value as Dtype)}>
          {DTYPES.map(([value, title]) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </Select>
      )}
      <div class="buttons">
        <button type="submit" class="primary" disabled={step.value !== undefined || source() === undefined}>
          Load the model
        </button>
      </div>
      {model.value && (
        <p role="status" id="model-facts">
          <strong>{model.value.architecture}</strong>
          <span class="faint">
            {`, at most ${count(model.value.maxLength)} tokens at once, loaded in ${duration(model.value.loadMs)}`}
          </span>
        </p>
      )}
    </form>
  );
}
