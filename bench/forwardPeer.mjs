// The programs at both ends of a forward, in processes of their own: `serve` prints its port; `down`, `up` and `connect` print
// megabytes or connections per second.
import * as net from "node:net"
import * as process from "node:process"

const [, , role, port, amount] = process.argv
const chunk = Buffer.alloc(256 * 1024, 1)
const open = (use) => use(net.connect({ port: Number(port), host: "127.0.0.1", noDelay: true, allowHalfOpen: true }))
const rate = (begun, count) => process.stdout.write(`${count / ((performance.now() - begun) / 1000)}\n`)

const pour = (socket, bytes) => {
  let left = bytes
  const more = () => {
    while (left > 0) {
      const part = left < chunk.length ? chunk.subarray(0, left) : chunk
      left -= part.length
      if (!socket.write(part)) return void socket.once("drain", more)
    }
    socket.end()
  }
  more()
}

// The first byte says what is wanted: `d` and a number of megabytes, `u`, or `e`.
const serve = () =>
  net.createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
    socket.on("error", () => undefined).once("data", (first) => {
      const kind = String.fromCharCode(first[0])
      if (kind === "d") return pour(socket, Number(first.subarray(1)) * 1024 * 1024)
      let got = first.length
      if (kind === "e") socket.end("e")
      socket.on("data", (data) => {
        got += data.length
      }).on("end", () => socket.end(String(got)))
    })
  }).listen(0, "127.0.0.1", function() {
    process.stdout.write(`${this.address().port}\n`)
  })

const roles = {
  serve,
  down: () =>
    open((socket) => {
      const begun = performance.now()
      socket.end(`d${amount}`)
      socket.resume().on("end", () => rate(begun, Number(amount)))
    }),
  up: () =>
    open((socket) => {
      const begun = performance.now()
      socket.write("u")
      socket.resume().on("end", () => rate(begun, Number(amount)))
      pour(socket, Number(amount) * 1024 * 1024)
    }),
  connect: () => {
    const begun = performance.now()
    let started = 0
    let done = 0
    const next = () => {
      if (started === Number(amount)) return
      started += 1
      open((socket) =>
        socket.resume().on("error", () => process.exit(1)).on("close", () => {
          done += 1
          if (done === Number(amount)) rate(begun, done)
          next()
        }).end("e")
      )
    }
    for (let index = 0; index < 16; index += 1) next()
  }
}

roles[role]()
