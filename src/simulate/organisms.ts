import { HUMAN } from "./human/human.ts";
import type { Organism, OrganismName } from "./organism.ts";
import { YEAST } from "./yeast/yeast.ts";

/** The simulated organisms by name. */
export const ORGANISMS: Readonly<Record<OrganismName, Organism>> = { yeast: YEAST, human: HUMAN };
