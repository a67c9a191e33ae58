//! Tests over the wire come with the simulator.
