// RUN: sfumato-opt %s -p attn-absorb-latent{mode=sometimes} --verify-diagnostics | filecheck %s

func.func @main() {
  func.return
}
// CHECK: there is no mode 'sometimes': expected auto, always, never
