/** A period in pieces of one width, which begin at its multiples since 1970: both ends may lie within a piece. */
export interface Pieces {
  start_time_unix_ns: number;
  end_time_unix_ns: number;
  bucket_ns: number;
}

const MAX_PIECES = 1_000;

/** When each piece begins, in seconds since 1970. */
export function startsOf({
  start_time_unix_ns: start,
  end_time_unix_ns: end,
  bucket_ns: width,
}: Pieces): number[] {
  const first = Math.floor(start / width);
  const length = Math.min(MAX_PIECES, Math.max(1, Math.ceil(end / width) - first));
  return Array.from({ length }, (_, index) => ((first + index) * width) / 1e9);
}

/** A figure of each piece of the period, from left to right; `nothing` where the server names no bucket. */
export function courseOf<Bucket extends { start_time_unix_ns: number }>(
  pieces: Pieces,
  buckets: readonly Bucket[],
  figure: (bucket: Bucket) => number | null | undefined,
  nothing: 0 | null,
): (number | null)[] {
  const course: (number | null)[] = startsOf(pieces).map(() => nothing);
  const first = Math.floor(pieces.start_time_unix_ns / pieces.bucket_ns);
  for (const bucket of buckets) {
    const at = Math.round(bucket.start_time_unix_ns / pieces.bucket_ns) - first;
    if (at >= 0 && at < course.length) course[at] = figure(bucket) ?? null;
  }
  return course;
}
