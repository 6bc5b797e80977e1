use plimsoll_image::{pass::{Pass,Limits}, source::{layout,archive,OpenOptions}};
use std::sync::atomic::AtomicU64;
fn main(){
    let a: Vec<String> = std::env::args().collect();
    let o=OpenOptions::default();
    let p=std::path::Path::new(&a[1]);
    let imgs = if p.is_dir() { layout::open(p,None,&a[1],&o) } else { archive::open(p,archive::Flavour::Docker,&a[1],&o)};
    let imgs = match imgs { Ok(i)=>i, Err(e)=>{eprintln!("error: {e}"); return;} };
    for im in imgs { println!("{:?} {:?}", im.digest, im.config_digest);
      let lim=Limits::default(); let pr=AtomicU64::new(0);
      let pass=Pass{analyzers:&[],limits:&lim,progress:&pr};
      let t=std::time::Instant::now();
      let mut all=vec![];
      for (i,l) in im.layers.iter().enumerate(){
        match im.blobs.open(i).map_err(|e|e.to_string()).and_then(|r| pass.layer(r,l.digest.as_ref(),&l.diff_id).map_err(|e|e.to_string())) {
          Ok(r)=>{println!("layer {i}: {} files, {} packed, {} bytes, whole {} issues {:#?}", r.facts.files.len(), r.facts.files.packed_bytes(), r.facts.size_bytes, r.whole, r.facts.issues); all.push(r.facts);}
          Err(e)=>println!("layer {i}: ERR {e}")}
      }
      println!("{:?}", t.elapsed());
      let t=std::time::Instant::now(); let _s=plimsoll_image::overlay::squash(&all,|_|None); println!("squash {:?}", t.elapsed());
    }
}
