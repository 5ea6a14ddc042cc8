// Undoes runtime/profile/html/packing.py with the browser's own decompression.

async function unpacked(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}

async function unpackedJson(text) {
  return JSON.parse(new TextDecoder().decode(await unpacked(text)));
}

const ARRAYS = { float32: Float32Array, uint32: Uint32Array, int32: Int32Array, uint16: Uint16Array, uint8: Uint8Array };

async function unpackedArrays(table) {
  const buffer = await unpacked(table.data);
  const arrays = { length: table.length };
  let offset = 0;
  for (const [name, type] of table.columns) {
    arrays[name] = new ARRAYS[type](buffer, offset, table.length);
    offset += arrays[name].byteLength;
  }
  return arrays;
}
