import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readStudyFile } from "../../src/study/schema.ts";
import { runStudy } from "../../src/study.ts";
import { type DrawnEncoder, drawCells, writeEncoder, writeStudy } from "../study/drawn.ts";

/** Height and width of crops. */
export const SIZE = 24;

/** A study of drawn cells with the encoder `tiny` in `folder`; returns the study's folder. */
export async function drawnStudy(folder: string, encoder: Partial<DrawnEncoder> = {}): Promise<string> {
  drawStore(folder);
  writeEncoder(folder, { name: "tiny", size: SIZE, ...encoder });
  return runDrawn(folder, ["tiny.json"]);
}

export function drawStore(folder: string): void {
  drawCells(join(folder, "cells"), { cellsPerClass: 12, fields: 3, size: SIZE });
}

/** Runs a study of the cells in `folder` with encoders that are there. */
export async function runDrawn(folder: string, encoders: readonly string[]): Promise<string> {
  const file = writeStudy(join(folder, "study.json"), {
    encoders,
    settings: ["original", "same", "different"],
    learningCurve: false,
  });
  const out = join(folder, "study");
  await runStudy(readStudyFile(file), { out, workers: 1 });
  return out;
}

/** A page of two files in `folder`, in the place of the built one. */
export function drawnPage(folder: string): string {
  const page = join(folder, "page");
  mkdirSync(join(page, "assets"), { recursive: true });
  writeFileSync(join(page, "index.html"), "<!doctype html><html><head><title>page</title></head></html>");
  writeFileSync(join(page, "assets/page-1.js"), "export {};");
  writeFileSync(join(page, "assets/net-1.wasm"), "\0asm");
  return page;
}
