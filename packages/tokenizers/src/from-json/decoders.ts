/** The decoders of tokenizer.json. */
import {
  bpeDecoder,
  byteFallbackDecoder,
  byteLevelDecoder,
  ctcDecoder,
  fuse,
  inOrder,
  metaspaceDecoder,
  replaceDecoder,
  stripDecoder,
  wordPieceDecoder,
  type Decoder,
} from '../decoders/decoder.ts';
import { unsupported } from '../errors.ts';
import { readPattern } from '../text/pattern.ts';
import type { Fields } from './fields.ts';
import { readMetaspace } from './pre-tokenizers.ts';

/** The decoder that an object describes. Errors: `UNSUPPORTED` for an unknown type, `MALFORMED_FILE`. */
export function readDecoder(fields: Fields): Decoder {
  const type = fields.text('type');
  switch (type) {
    case 'Sequence':
      return inOrder(fields.children('decoders').map(readDecoder));
    case 'ByteLevel':
      return byteLevelDecoder;
    case 'WordPiece':
      return wordPieceDecoder(fields.text('prefix', '##'), fields.flag('cleanup', true));
    case 'Metaspace': {
      const { replacement, prependScheme } = readMetaspace(fields);
      return metaspaceDecoder(replacement, prependScheme);
    }
    case 'BPEDecoder':
      return bpeDecoder(fields.text('suffix', '</w>'));
    case 'ByteFallback':
      return byteFallbackDecoder;
    case 'Fuse':
      return fuse;
    case 'Strip':
      return stripDecoder(
        fields.text('content', ' '),
        fields.integer('start') ?? 0,
        fields.integer('stop') ?? 0,
      );
    case 'Replace':
      return replaceDecoder(readPattern(fields.raw('pattern'), fields.file), fields.text('content'));
    case 'CTC': {
      const delimiter = fields.text('word_delimiter_token', '|');
      return ctcDecoder(fields.text('pad_token', '<pad>'), delimiter, fields.flag('cleanup', true));
    }
    default:
      throw unsupported(fields.file, `there is no decoder of the type ${JSON.stringify(type.slice(0, 60))}`);
  }
}
