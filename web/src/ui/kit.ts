// kit.ts - the parts that most pages use, imported by every group of pages: what all groups reach becomes one file
// for the browser, instead of one for each pair of pages that share something.
import '../api/filter';
import '../app/address';
import '../app/keys';
import '../app/live';
import '../app/resource';
import '../app/session';
import './badge';
import './basics';
import './confirm';
import './copy';
import './dialog';
import './export';
import './filterbar';
import './icon';
import './list';
import './names';
import './outlook';
import './table';
import './tabs';
import './time';
import './toast';
import './words';
