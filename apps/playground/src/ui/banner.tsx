/** Says what this browser lacks, and what that costs. */
import { signal } from '@preact/signals';
import { isolatesOnReload } from '../state/offline.ts';

const isClosed = signal(false);

/** Sentences about what is missing. */
function lacks(): readonly string[] {
  const sentences: string[] = [];
  if (!crossOriginIsolated)
    sentences.push(
      'This page is not cross-origin isolated, so WebAssembly computes with one thread instead of all cores.',
    );
  if (!('gpu' in navigator))
    sentences.push(
      'This browser has no WebGPU, so nothing runs on the GPU: long calls take several times longer.',
    );
  return sentences;
}

/** The banner; nothing where nothing is missing. */
export function Banner() {
  const sentences = lacks();
  if (isClosed.value || sentences.length === 0) return null;
  return (
    <aside class="banner" aria-label="What this browser lacks">
      <div>
        {sentences.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
      {isolatesOnReload.value && (
        <button type="button" onClick={() => location.reload()}>
          Reload with all cores
        </button>
      )}
      <button
        type="button"
        class="quiet"
        aria-label="Close this notice"
        onClick={() => (isClosed.value = true)}
      >
        ✕
      </button>
    </aside>
  );
}
