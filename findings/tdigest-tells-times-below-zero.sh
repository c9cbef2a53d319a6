#!/usr/bin/env bash
# Of ten thousand parcels that took a second or a hundred, a tenth took less than -68 seconds, for tdigest.
#
# Packages: tdigest==0.5.2.2, hdrhistogram==0.10.8 (PyPI), tdigest@0.1.3 (npm)
# Guess: a t-digest is near the true percentile, and as near as can be where few values are there (Dunning and Ertl, Computing Extremely Accurate
#   Quantiles Using t-Digests). Of whole seconds nine tenths of which are 1 the median is 1, and no percentile lies outside of what was put in.
# Behaviour: equal values become one centroid, however many, and a percentile is drawn on the line between two centroids: of two different
#   values the median is 10.9, and the 10th percentile lies 69 seconds below the least value. More parcels make it no better. The
#   npm package of this name says 10.9 too, though never less than the least; its class Digest is right, and so is hdrhistogram.
# Seen: 2026-11-30, Debian 12, Node.js 20.20.2, Python 3.11.7

. "$(dirname "$0")/_tools"
pip_packages tdigest==0.5.2.2 hdrhistogram==0.10.8
npm_packages tdigest@0.1.3

"$python" -I - >"$saw" <<'PYTHON'
from hdrh.histogram import HdrHistogram
from tdigest import TDigest

for count in (10, 10000):
    digest, histogram = TDigest(), HdrHistogram(1, 3600, 3)
    for seconds in [1] * (count * 9 // 10) + [100] * (count // 10):
        digest.update(seconds)
        histogram.record_value(seconds)
    print(f"{count} parcels, 10th, 50th, 80th, 95th percentile:")
    print("  tdigest of PyPI", [round(digest.percentile(share), 1) for share in (10, 50, 80, 95)], "at most 1 s:", round(digest.cdf(1), 3))
    print("  hdrhistogram   ", [histogram.get_value_at_percentile(share) for share in (10, 50, 80, 95)])
PYTHON
cat >times.cjs <<'JAVASCRIPT'
const { Digest, TDigest } = require("tdigest");

for (const of of [TDigest, Digest]) {
  const digest = new of();
  for (let parcel = 0; parcel < 10000; parcel++) digest.push(parcel < 9000 ? 1 : 100);
  const told = [0.1, 0.5, 0.8, 0.95].map((share) => Number(digest.percentile(share).toFixed(1)));
  console.log(`10000 parcels, ${of.name} of npm: ${told.join(", ")}`);
}
JAVASCRIPT
node times.cjs >>"$saw"

still_seen <<'SEEN'
10 parcels, 10th, 50th, 80th, 95th percentile:
  tdigest of PyPI [-68.3, 10.9, 70.3, 100.0] at most 1 s: 0.45
  hdrhistogram    [1, 1, 1, 100]
10000 parcels, 10th, 50th, 80th, 95th percentile:
  tdigest of PyPI [-68.3, 10.9, 70.3, 100.0] at most 1 s: 0.45
  hdrhistogram    [1, 1, 1, 100]
10000 parcels, TDigest of npm: 1, 10.9, 70.3, 100
10000 parcels, Digest of npm: 1, 1, 1, 100
SEEN
