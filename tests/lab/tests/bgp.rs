//! Two real BIRDs find each other, and the neighbour sees what the node does.

use lab::{Bird, Lab, NODE_ASN, Neighbor, Result, Updates};

const V4: &str = "192.0.2.53/32";
const V6: &str = "2001:db8:53::53/128";

/// A node as somebody would write it by hand, with both sessions protected by MD5 and BFD.
fn node_configuration() -> String {
    let family = |family: &str, prefix: &str, local: &str, remote: &str| {
        format!(
            "protocol static anycast_{family} {{
  disabled; ip{family} {{ }}; route {prefix} blackhole;
}}
protocol bgp bgp_tor1_{family} {{
  local {local} as {NODE_ASN}; neighbor {remote} as 64600;
  password \"lab-secret-1\"; bfd on; error wait time 1, 2;
  ip{family} {{
    import none;
    export filter {{ bgp_community.add((64601,53)); accept; }};
  }};
}}\n"
        )
    };
    format!(
        "log stderr all; router id 10.99.0.2;
protocol device device1 {{ }}
protocol bfd bfd1 {{ interface \"*\" {{ interval 300 ms; multiplier 3; }}; }}\n{}{}",
        family("v4", V4, "10.99.0.2", "10.99.0.1"),
        family("v6", V6, "fd99::2", "fd99::1")
    )
}

fn pair(lab: &Lab) -> Result<(Bird<'_>, Neighbor<'_>)> {
    let directory = lab.node().directory();
    let configuration = directory.join("bird.conf");
    std::fs::write(&configuration, node_configuration())?;
    let node = Bird::start_on_node(lab.node(), &configuration, &directory.join("bird.ctl"))?;
    let neighbor = lab.start_neighbor(true)?;
    neighbor
        .established()
        .map_err(|error| lab.explain(&error))?;
    Ok((node, neighbor))
}

#[test]
fn a_static_route_shows_at_the_neighbour() -> Result<()> {
    let lab = Lab::new(&[])?;
    let (node, neighbor) = pair(&lab)?;
    neighbor.lacks(&[V4, V6])?;
    assert_eq!(neighbor.updates()?, Updates::default());

    node.ask("enable \"anycast_*\"")?;
    lab.wait_until("both routes", || neighbor.has(&[V4, V6]))?;
    let route = neighbor.route(V4)?.expect("just seen");
    assert_eq!(route.as_path, [NODE_ASN]);
    assert_eq!(route.communities, ["(64601,53)"]);

    node.ask("disable \"anycast_v4\"")?;
    lab.wait_until("no IPv4 route", || neighbor.lacks(&[V4]))?;
    neighbor.has(&[V6])?;
    assert_eq!(
        neighbor.updates()?,
        Updates {
            announced: 2,
            withdrawn: 1
        }
    );
    Ok(())
}

#[test]
fn bfd_is_up_and_notices_a_frozen_bird() -> Result<()> {
    let lab = Lab::new(&[])?;
    let (node, neighbor) = pair(&lab)?;
    lab.wait_until("two BFD sessions", || {
        let table = neighbor.bird().ask("show bfd sessions")?;
        let up = table.lines().filter(|line| line.contains(" Up ")).count();
        if up == 2 {
            Ok(())
        } else {
            Err(lab::Error::new(table))
        }
    })?;
    node.process()?.freeze()?;
    lab.wait_until("lost sessions", || {
        match neighbor.bird().all_established() {
            Ok(()) => Err("established"),
            Err(_lost) => Ok(()),
        }
    })
}

#[test]
fn labs_stand_side_by_side() -> Result<()> {
    let (one, other) = (Lab::new(&[])?, Lab::new(&[])?);
    let (node, neighbor) = pair(&one)?;
    let (_other_node, other_neighbor) = pair(&other)?;
    node.ask("enable \"anycast_*\"")?;
    one.wait_until("the route in the first lab", || neighbor.has(&[V4, V6]))?;
    other_neighbor.lacks(&[V4, V6])
}
