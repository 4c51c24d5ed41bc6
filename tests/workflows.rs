//! The CI workflows that README.md shows, run step by step in a clean directory.

use std::path::Path;
use std::process::{Command, Output};
use std::{env, fs};

use serde_json::Value;
use tempfile::TempDir;

/// The scripts of the two workflows, each as its runner would get it: GitHub's steps, then GitLab's job.
fn workflows() -> [Vec<String>; 2] {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(readme).expect("README.md");
    let blocks = text.split("```yml\n").skip(1);
    let blocks = blocks.filter_map(|rest| rest.split("```").next());
    let documents: Vec<Value> = blocks
        .map(|block| serde_saphyr::from_str(block).expect("a workflow is YAML"))
        .collect();
    let [github, gitlab] = &documents[..] else {
        panic!(
            "two workflows belong into README.md, and there are {}",
            documents.len()
        );
    };
    let steps = github["jobs"]["check"]["steps"].as_array().expect("steps");
    let scripts = steps.iter().filter_map(|step| step["run"].as_str());
    let script = gitlab["configuration"]["script"]
        .as_array()
        .expect("a script");
    let lines = script.iter().filter_map(Value::as_str);
    [
        scripts.map(str::to_owned).collect(),
        lines.map(str::to_owned).collect(),
    ]
}

/// A repository as README.md describes it: nodes, and what is rendered from them.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().expect("a directory"));
        for folder in ["nodes", "rendered"] {
            fs::create_dir(repository.path(folder)).expect("a folder");
        }
        for name in ["smallest", "datacentre"] {
            let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
            let node = repository.path(&format!("nodes/{name}.yaml"));
            fs::copy(example.join(format!("{name}.yaml")), node).expect("an example");
            let render = format!("anycastctl -c nodes/{name}.yaml render -o rendered/{name}.conf");
            assert!(repository.run(&render).status.success());
        }
        repository
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.0.path().join(name)
    }

    fn replace(&self, file: &str, text: &str, with: &str) {
        let path = self.path(file);
        let old = fs::read_to_string(&path).expect("a file");
        assert!(old.contains(text), "{old}");
        fs::write(path, old.replace(text, with)).expect("written");
    }

    /// Runs a script as both runners do.
    fn run(&self, script: &str) -> Output {
        let program = Path::new(env!("CARGO_BIN_EXE_anycastctl"));
        let folder = program.parent().expect("a folder").display();
        let path = env::var("PATH").unwrap_or_default();
        Command::new("sh")
            .args(["-e", "-c", script])
            .current_dir(self.0.path())
            .env("PATH", format!("{folder}:{path}"))
            .output()
            .expect("sh runs")
    }

    /// Whether a workflow passes, and what it prints.
    fn passes(&self, workflow: &[String]) -> (bool, String) {
        let outputs: Vec<Output> = workflow.iter().map(|script| self.run(script)).collect();
        let passed = outputs.iter().all(|output| output.status.success());
        let said = outputs.iter().map(|output| {
            let error = String::from_utf8_lossy(&output.stderr);
            format!("{}{error}", String::from_utf8_lossy(&output.stdout))
        });
        (passed, said.collect())
    }
}

#[test]
fn a_repository_in_order_passes() {
    let repository = Repository::new();
    for workflow in workflows() {
        assert!(!workflow.is_empty());
        let (passed, said) = repository.passes(&workflow);
        assert!(passed, "{said}");
    }
}

#[test]
fn a_mistake_in_one_node_fails_and_is_shown_where_it_stands() {
    let repository = Repository::new();
    repository.replace("nodes/datacentre.yaml", "hold_time: 9s", "hold_time: 9");
    let shown = [
        "::error file=nodes/datacentre.yaml,line=",
        "nodes/datacentre.yaml:",
    ];
    for (workflow, shown) in workflows().iter().zip(shown) {
        let (passed, said) = repository.passes(workflow);
        assert!(!passed && said.contains(shown), "{said}");
    }
}

#[test]
fn a_rendered_file_that_is_not_that_of_its_node_fails_with_what_would_change() {
    let repository = Repository::new();
    repository.replace("nodes/smallest.yaml", "192.0.2.53/32", "192.0.2.54/32");
    for workflow in workflows() {
        let (passed, said) = repository.passes(&workflow);
        assert!(!passed, "{said}");
        assert!(
            said.contains("192.0.2.53/32") && said.contains("192.0.2.54/32"),
            "{said}"
        );
        assert!(said.contains("datacentre.conf: as rendered"), "{said}");
    }
}
