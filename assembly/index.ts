export { rankUpdate32, rankUpdate64 } from "./rank-update";
export { cholesky32, cholesky64, solve32, solve64 } from "./cholesky";
export { combine, combine32, scores, scores32 } from "./products";
export { after, center, correct, direct, goal, measure, move, prepare, products } from "./step";
export { inner, weigh32, weigh64 } from "./inner";
export { addGradient, classScores, exponentials, packRows, scaleRows } from "./multinomial";
