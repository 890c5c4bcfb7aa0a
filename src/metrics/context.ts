/** What the metrics of one sample against one reference compute once and share. */
import type { Energy, Key, Particles } from "../core/types.js";
import type { Cloud, MetricContext } from "./metric.js";
import { pairDistances } from "./pair-distances.js";
import type { MetricName } from "./table.js";
import { transportMemory } from "./wasserstein.js";

/** Computes once per cloud. */
function remembered<T>(compute: (cloud: Cloud) => T): (cloud: Cloud) => T {
  const known = new WeakMap<Cloud, { readonly value: T }>();
  return (cloud) => {
    const entry = known.get(cloud) ?? { value: compute(cloud) };
    known.set(cloud, entry);
    return entry.value;
  };
}

export function contextOf(energy: Energy, key: Key, bandwidth: number, metrics: readonly MetricName[]): MetricContext {
  const powers = ([2, 1] as const).filter((p) => metrics.includes(p === 2 ? "positionW2" : "positionW1"));
  return {
    energy,
    key,
    bandwidth,
    transportCost: transportMemory(powers),
    gradient: remembered(({ x }) => energy.energyAndGradient(x).gradient),
    pairDistances: remembered(({ x }) => pairDistances(x, energy.particles as Particles)),
  };
}
