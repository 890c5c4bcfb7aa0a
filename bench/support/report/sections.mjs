/** One section of the report per bench; a bench without a section of its own is shown as a list of its numbers. */
import { curves } from "./curves.mjs";
import { flatten, goalTable, peerTable, plainTable } from "./tables.mjs";
import { escapeText, number, times } from "./text.mjs";

const losses = { regression: "regression", double: "double backward" };

/** Goals of the training step: stock tfjs at least so many times slower, ours at most so many times C and one torch thread. */
function trainingGoals({ cases, targets }) {
  return cases.flatMap(({ width, batch, loss, ratios }) =>
    Object.entries(targets[`${width}x${batch}`] ?? {}).flatMap(([name, bound]) => {
      if (!ratios[name]) return [];
      const ratio = ratios[name].ofMedians;
      const slower = name.startsWith("tfjs");
      return {
        words: `${width} × 3, batch ${batch}, ${losses[loss]}: ${slower ? `${name} over ours` : `ours over ${name}`}`,
        value: times(slower ? ratio : 1 / ratio),
        goal: `${slower ? "≥" : "≤"} ${bound} ×`,
        reached: slower ? ratio >= bound : 1 / ratio <= bound,
      };
    }),
  );
}

/** Median times of every peer over `at` of each measured case. */
function seriesOf(measured, at, value = (row) => row.ms.median) {
  const names = [...new Set(measured.flatMap(({ peers }) => Object.keys(peers)))];
  return names.map((name) => ({
    name,
    points: measured.filter(({ peers }) => peers[name]?.ms).map((one) => [one[at], value(one.peers[name], one)]),
  }));
}

function profileTable(cases) {
  const blocks = cases.flatMap(({ width, batch, loss, peers }) =>
    Object.entries(peers)
      .filter(([, row]) => row.profile)
      .map(([name, row]) => {
        const rows = row.profile.map(({ kernel, calls, ms }) => [kernel, String(calls), number(ms)]);
        return `<details><summary>${escapeText(`One step by kernel: ${name}, ${width} × 3, batch ${batch}, ${losses[loss]}`)}</summary>${plainTable(["kernel", "calls", "ms"], rows)}</details>`;
      }),
  );
  return blocks.join("");
}

function trainingStep(result) {
  const byWidth = (loss) =>
    curves({
      title: `${losses[loss]}, batch 512: time of a training step over the width`,
      xLabel: "width of the hidden layers",
      yLabel: "ms per step",
      series: seriesOf(
        result.cases.filter((one) => one.batch === 512 && one.loss === loss).sort((a, b) => a.width - b.width),
        "width",
      ),
    });
  const tables = result.cases
    .filter((one) => !one.curve)
    .map((one) => peerTable(`${one.width} × 3, batch ${one.batch}, ${losses[one.loss]}`, one));
  return `${goalTable(trainingGoals(result))}<div class="figures">${byWidth("regression")}${byWidth("double")}</div>${tables.join("")}${profileTable(result.cases)}`;
}

function estimatorPeers(result) {
  const figure = (measured, at, title) =>
    curves({
      title,
      xLabel: at === "rows" ? "rows" : "K, draws per row",
      yLabel: "ns per evaluation",
      series: seriesOf(measured, at, (row, one) => (row.ms.median * 1e6) / (one.rows * one.mcSamples)),
    });
  const last = result.byK.at(-1);
  const base = result.byK.find((one) => one.mcSamples === 1024) ?? last;
  return `<div class="figures">${figure(result.byK, "mcSamples", `${last.rows} rows, over K`)}${figure(result.byRows, "rows", `K = ${result.byRows[0].mcSamples}, over the rows`)}</div>
${peerTable(`${base.rows} rows, K = ${base.mcSamples}`, base)}`;
}

function samplingStep(result) {
  const figure = curves({
    title: "time of one score over the rows",
    xLabel: "rows",
    yLabel: "ms",
    series: seriesOf(result.cases, "batch"),
  });
  return `<div class="figures">${figure}</div>${result.cases.map((one) => peerTable(`${one.batch} rows`, one)).join("")}`;
}

const metrics = (result) => result.cases.map((one) => peerTable(`${one.metric}, ${one.rows} rows`, one)).join("");

function timeToQuality(result) {
  const columns = ["length", "W2 / floor", "mode-weight TV", "energy W2", "training, s", "sampling, s", ""];
  const rows = Object.entries(result.methods).flatMap(([method, { lengths }]) =>
    lengths.map(({ steps, median: m, seeds, good }) => [
      `${method}, ${steps} steps, ${seeds} seeds`,
      ...[m.positionW2OverFloor, m.modeWeightTv, m.energyW2, m.trainingSeconds, m.samplingSeconds].map(number),
      good ? "good" : "not yet",
    ]),
  );
  const goals = Object.entries(result.methods).flatMap(([method, { reached }]) =>
    reached
      ? [
          {
            words: `${method}: training and sampling at ${reached.steps} steps`,
            value: `${number(reached.seconds)} s`,
            goal: `≤ ${result.goalSeconds} s`,
            reached: reached.seconds <= result.goalSeconds,
          },
        ]
      : [{ words: `${method}: a length that is good`, value: "none", goal: `≤ ${result.goalSeconds} s`, reached: false }],
  );
  const { large } = result;
  if (large) {
    goals.push({
      words: `${large.n} samples: peak memory`,
      value: `${number(large.peakMiB)} MiB`,
      goal: `≤ ${large.goalMiB} MiB`,
      reached: large.peakMiB <= large.goalMiB,
    });
    goals.push({
      words: `${large.n} samples over ${large.multiple} times the time of ${large.small}`,
      value: times(large.timeRatio),
      goal: `≤ ${large.goalRatio} ×`,
      reached: large.timeRatio <= large.goalRatio,
    });
  }
  return `${goalTable(goals)}${plainTable(columns, rows)}`;
}

function cores({ threads, target }) {
  const goals = threads
    .filter((row) => row.threads > 1)
    .map((row) => ({
      words: `${row.threads} threads: scaling of the estimator over that of the control loop`,
      value: times(row.share.median),
      goal: `≥ ${target.share} ×`,
      reached: row.share.median >= target.share,
    }));
  const series = [
    { name: "bnem", points: threads.map((row) => [row.threads, row.scaling.median]) },
    { name: "control loop", points: threads.map((row) => [row.threads, row.controlScaling.median]) },
  ];
  const figure = curves({ title: "scaling over the threads", xLabel: "threads", yLabel: "times one thread", series });
  return `${goalTable(goals)}<div class="figures">${figure}</div>`;
}

function trainingCores({ rows, target }) {
  const goals = rows.map(({ method, stepScaling, controlScaling }) => ({
    words: `${method}: training steps a second over those of one thread, where the control loop gains ${times(controlScaling.median)}`,
    value: times(stepScaling.median),
    goal: `≥ ${target.stepScaling} × where the control gains ${target.whereControlScales} ×`,
    reached: stepScaling.median >= target.stepScaling || controlScaling.median < target.whereControlScales,
  }));
  const columns = [
    "method",
    "ms a step, one thread",
    "all threads",
    "ms of the samples, one thread",
    "all threads",
    "samples' gain",
  ];
  const table = rows.map(({ method, msPerStep, msPerSamples, sampleScaling }) => [
    method,
    number(msPerStep.one.median),
    number(msPerStep.all.median),
    number(msPerSamples.one.median),
    number(msPerSamples.all.median),
    times(sampleScaling.median),
  ]);
  return `${goalTable(goals)}${plainTable(columns, table)}`;
}

function gemm({ rows, targets }) {
  const goals = rows.flatMap(({ shape, ways, slowestOverFastest }) => [
    ...ways
      .filter(({ relaxed }) => relaxed?.overC)
      .map(({ way, relaxed }) => ({
        words: `${shape} ${way}: ${number(relaxed.gflops)} GFLOP/s, time over that of C`,
        value: times(relaxed.overC),
        goal: `≤ ${targets.relaxedOverC} ×`,
        reached: relaxed.overC <= targets.relaxedOverC,
      })),
    {
      words: `${shape}: slowest way over the fastest`,
      value: times(slowestOverFastest.relaxed),
      goal: `≤ ${targets.slowestOverFastest} ×`,
      reached: slowestOverFastest.relaxed <= targets.slowestOverFastest,
    },
  ]);
  return goalTable(goals);
}

/** Its tables have a page of their own. */
const tasks = ({ rows }) =>
  `<p>${rows.length} rows on ${[...new Set(rows.map(({ task }) => task))].map(escapeText).join(", ")}: <a href="tasks.html">tables at equal energy calls</a> (<code>npm run bench:tasks -- --page</code>).</p>`;

const other = (result) =>
  `<details><summary>Numbers</summary>${plainTable(
    ["", "value"],
    flatten(result).map(([name, value]) => [name, typeof value === "number" ? number(value) : String(value).slice(0, 160)]),
  )}</details>`;

const known = {
  "training-step": ["Training steps", trainingStep],
  "estimator-peers": ["Estimators", estimatorPeers],
  gemm: ["Matrix products", gemm],
  cores: ["Cores", cores],
  "training-cores": ["Training and sampling on all cores", trainingCores],
  "sampling-step": ["Sampling steps", samplingStep],
  metrics: ["Metrics", metrics],
  "time-to-quality": ["GMM-40: time to quality", timeToQuality],
  tasks: ["Learned samplers and Markov chains", tasks],
};

/** Benches with a section of their own first, in this order. */
export const order = Object.keys(known);

export function section({ bench, date, machine, result }) {
  const [title, render] = known[bench] ?? [bench, other];
  const facts = [
    date.slice(0, 16).replace("T", " "),
    `load average ${machine.loadAverage.join(" / ")}`,
    ...(result.quick ? ["a quick run: no figure to keep"] : []),
  ];
  return `<h2>${escapeText(title)}</h2><p class="small">${escapeText([result.question, ...facts].filter(Boolean).join(" · "))}</p>${render(result)}`;
}
