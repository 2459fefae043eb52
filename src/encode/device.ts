import { DeviceError } from "../errors.ts";
import { oneLine } from "../visible.ts";

/** Where ONNX networks run: the processor, or a graphics processor by an execution provider of ONNX Runtime. */
export const DEVICES = ["cpu", "cuda", "coreml", "webgpu"] as const;
export type Device = (typeof DEVICES)[number];

/**
 * How far features may be off those of the processor, as a share of the largest: graphics processors sum in another order
 * and in ten bits (TF32).
 */
export const DEVICE_TOLERANCE = 1e-3;

/** What a device needs. */
const NEEDS: Readonly<Record<Device, string>> = {
  cpu: "",
  cuda: "it needs Linux, an NVIDIA GPU, CUDA 12, cuDNN 9 and the provider's files (`ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js` fetches them)",
  coreml: "it needs macOS",
  webgpu: "it needs a GPU and its driver for Vulkan (Linux), Metal or Direct3D 12",
};

const INSTEAD = "leave --device out, or start the model in a program of yours (docs/own-model.md)";

/** @param there providers of this build @throws DeviceError where the device is none of them */
export function checkProvider(device: Device, there: readonly string[]): void {
  if (!there.includes(device))
    throw new DeviceError(
      `--device ${device}: ONNX Runtime for Node has no ${device} on ${process.platform} ${process.arch} (it has ${there.join(", ")}): ${NEEDS[device]}; ${INSTEAD}`,
    );
}

/** @param cause what the runtime said when it was to run a sound network there */
export function unusableDevice(device: Device, cause: unknown): DeviceError {
  const { message } = cause as Error;
  const why = oneLine(/Failed to .*/.exec(message)?.[0] ?? message, 200);
  return new DeviceError(
    `--device ${device}: ONNX Runtime cannot use it here (${why}): ${NEEDS[device]}; ${INSTEAD}`,
  );
}

/** An encoder whose network runs on `device`; programs run where they run themselves. */
export function onDevice<E extends { readonly kind: string }>(encoder: E, device: Device): E {
  return encoder.kind === "onnx" ? { ...encoder, device } : encoder;
}
