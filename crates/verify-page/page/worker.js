"use strict";
// Verifies off the page's thread: here a file can be read piece by piece while the module waits.
onmessage = ({ data: { module, request, file } }) => {
  const reader = new FileReaderSync();
  let memory;
  const read = (offset, pointer, size) => {
    try {
      const piece = reader.readAsArrayBuffer(file.slice(offset, offset + size));
      if (piece.byteLength !== size) return 1;
      new Uint8Array(memory.buffer, pointer, size).set(new Uint8Array(piece));
      return 0;
    } catch {
      return 1;
    }
  };
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { page: { read } });
    memory = exports.memory;
    const bytes = new TextEncoder().encode(JSON.stringify({ ...request, name: file.name, size: file.size }));
    const pointer = exports.input(bytes.length) >>> 0;
    new Uint8Array(memory.buffer, pointer, bytes.length).set(bytes);
    const size = exports.verify() >>> 0;
    const text = new TextDecoder().decode(new Uint8Array(memory.buffer, exports.output() >>> 0, size));
    postMessage(JSON.parse(text));
  } catch (error) {
    postMessage({ error: String(error) });
  }
};
