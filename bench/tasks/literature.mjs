/**
 * Energy W2 as printed by its sources, convention unverified: squared or not, the reference and the number of samples differ, and iDEM's and BNEM's code reports the
 * square. To be read beside our rows, not ranked among them.
 */
const asbs = "Liu et al. 2025, arXiv:2506.22565, table 2";
const sgds = "Kim et al. 2025, arXiv:2505.19552, table 2";
const audit = "independent audit at equal energy budgets (ICLR blog post 2025)";
const papers = "quoted from arXiv:2605.03984, 2510.03824, 2506.16471";

const rows = (source, task, values) => Object.entries(values).map(([method, printed]) => ({ task, method, printed, source }));

export const literature = [
  ...rows(asbs, "dw4", {
    PDDS: ".58 ± .25",
    SCLD: ".40 ± .19",
    PIS: ".65 ± .25",
    DDS: ".90 ± .37",
    "LV-PIS": "1.89 ± .89",
    iDEM: ".55 ± .14",
    "Adjoint Sampling": ".55 ± .12",
    ASBS: ".20 ± .11",
  }),
  ...rows(audit, "dw4", { "tuned MCMC": ".15", iDEM: ".44", iEFM: "3.85" }),
  ...rows(papers, "dw4", { "Flow Sampling": ".11" }),
  ...rows(asbs, "lj13", {
    PDDS: "56.01 ± 10.80",
    SCLD: "27.98 ± 1.26",
    PIS: "18.02 ± 1.12",
    DDS: "24.61 ± 8.99",
    iDEM: "30.78 ± 24.46",
    "Adjoint Sampling": "2.40 ± 1.25",
    ASBS: "1.99 ± 1.01",
  }),
  ...rows(sgds, "lj13", {
    "PIS, 370K calls": "2.10 ± .46",
    "iDEM, 300M calls": "39.92 ± 3.24",
    "Adjoint Sampling, 1M calls": "2.40 ± 1.25",
    "SGDS, 370K calls": ".89 ± .19",
  }),
  ...rows(audit, "lj13", { "tuned MCMC": ".52", iDEM: "5.20" }),
  ...rows(papers, "lj13", { "Flow Sampling": ".97", PDNS: "1.01", PITA: "2.26" }),
  ...rows(asbs, "lj55", {
    PIS: "228.7 ± 131.3",
    DDS: "173.1 ± 18.0",
    iDEM: "93.53 ± 16.31",
    "Adjoint Sampling": "30.83 ± 8.19",
    ASBS: "28.10 ± 8.15",
  }),
  ...rows(sgds, "lj55", {
    "PIS, 45K calls": "40.63 ± 13.68",
    "iDEM, 120M calls": "210.87 ± 6.26",
    "Adjoint Sampling, 1M calls": "58.04 ± 20.98",
    "SGDS, 45K calls": "32.17 ± 12.90",
  }),
  ...rows(audit, "lj55", { "tuned MCMC": ".87", "long MCMC": ".93", iDEM: "21.7 ± 15" }),
  ...rows(papers, "lj55", { "Flow Sampling": "21.32", PDNS: "21.97" }),
];
