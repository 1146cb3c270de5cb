import { attend } from '../../../lib/attend.js';

const MOST = 65_536;

export async function GET(request) {
  const n = Number(new URL(request.url).searchParams.get('n'));
  if (!Number.isInteger(n) || n < 1 || n > MOST)
    return Response.json({ error: `expected n from 1 to ${MOST}, got ${n}` }, { status: 400 });
  return Response.json(await attend(n, request.signal));
}
