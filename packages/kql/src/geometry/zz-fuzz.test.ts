import fc from 'fast-check';
import { it } from 'vitest';
import { polygonsOf, linesOf } from './geojson.ts';
import { intersectionOfPolygons, unionOfPolygons, unionOfLines, intersectionOfLinesWithPolygons } from './overlay.ts';
import { TooLarge } from './plane.ts';
const c = fc.oneof(fc.integer({min:0,max:4}), fc.integer({min:0,max:4}).map(x=>x+1e-13), fc.integer({min:0,max:4}).map(x=>x+1e-9), fc.double({min:-180,max:180,noNaN:true}).map(x=>x/2));
const ring = fc.array(fc.tuple(c,c),{minLength:3,maxLength:7}).map(r=>[...r,r[0]]);
const poly = fc.record({type:fc.constant('Polygon'),coordinates:fc.array(ring,{minLength:1,maxLength:3})});
const line = fc.record({type:fc.constant('LineString'),coordinates:fc.array(fc.tuple(c,c),{minLength:2,maxLength:6})});
let n=0, bad=new Map<string,number>(), large=0;
it('fuzz',()=>{ const t=Date.now();
 fc.assert(fc.property(poly,poly,line,(a,b,l)=>{
  if (Date.now()-t>60000) return;
  const [p,q,r]=[polygonsOf(a),polygonsOf(b),linesOf(l)]; if(!p||!q||!r) return; n++;
  for (const [name,f] of [['i',()=>intersectionOfPolygons(p,q)],['u',()=>unionOfPolygons([...p,...q])],['l',()=>unionOfLines([...r,...r])],['x',()=>intersectionOfLinesWithPolygons(r,p)]] as const) {
   const s=Date.now();
   try{ f(); }catch(e){ if(e instanceof TooLarge) large++; else { const k=name+' '+String(e).slice(0,80).replace(/\d+(\.\d+)?(e-?\d+)?/g,'#'); if(!bad.has(k)) console.log(k, JSON.stringify([a,b,l])); bad.set(k,(bad.get(k)??0)+1);} }
   if(Date.now()-s>2000) console.log('slow',name,JSON.stringify([a,b,l]));
  }
 }),{numRuns:6000}); console.log(n,large,[...bad]);
},100000);
