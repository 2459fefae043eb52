import { serve } from "../files/worker.ts";
import { type Chunk, type ChunkContext, ChunkSegmenter } from "./chunk.ts";

serve((context: ChunkContext) => {
  const segmenter = new ChunkSegmenter(context);
  return (chunk: Chunk) => segmenter.run(chunk);
});
