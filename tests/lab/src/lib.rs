//! Real BIRD, neighbours and DNS servers in network namespaces.
